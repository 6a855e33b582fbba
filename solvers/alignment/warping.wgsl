// Dynamic time warping: the least cost of a path from the first cell to the last, every cell on it counted. Of equal
// predecessors the diagonal one, then the one above.

const BORDER: f32 = 3e38;
const EMITS_ALL = true;

fn cell_value(weight: f32, diagonal: f32, above: f32, left: f32) -> f32 {
  return weight + min(min(diagonal, above), left);
}

fn cell_direction(weight: f32, diagonal: f32, above: f32, left: f32) -> u32 {
  let straight = select(LEFT, ABOVE, above <= left);
  return select(straight, DIAGONAL, diagonal <= min(above, left));
}
