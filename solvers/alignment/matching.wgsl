// Monotone alignment: the largest sum of the weights of matched pairs; rows and columns may stay alone. A pair is
// matched only where that is better than not to, and of equal ones the row stays alone.

const BORDER: f32 = 0.0;
const EMITS_ALL = false;

fn cell_value(weight: f32, diagonal: f32, above: f32, left: f32) -> f32 {
  return max(diagonal + weight, max(above, left));
}

fn cell_direction(weight: f32, diagonal: f32, above: f32, left: f32) -> u32 {
  let alone = select(LEFT, ABOVE, above >= left);
  return select(alone, DIAGONAL, diagonal + weight > max(above, left));
}
