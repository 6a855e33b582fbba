// A table of costs, rows by columns, whatever the sense of the weights.

const NONE: u32 = 0xffffffffu;
const FAR: f32 = 3e38;

fn height() -> u32 {
  return extent(0u);
}

fn width() -> u32 {
  return extent(1u);
}

fn cost_of(row: u32, column: u32) -> f32 {
  let own = weight(row * width() + column);
  return select(own, -own, LARGEST_WINS);
}
