// Which tile of a product is the index-th of those that the host has cut it into (engine/ops/product.ts): down the rows
// within a band of neighbouring columns, band after band, then the stretches of the inner axis, then the matrices.

struct Tile {
  is_there: bool,
  batch: u32,
  split: u32,
  row: u32,
  column: u32,
  first_inner: u32,
  end_inner: u32,
}

fn tile_at(index: u32, rows: u32, columns: u32) -> Tile {
  var rest = index;
  let across = rest % uniforms.band;
  rest /= uniforms.band;
  let down = rest % uniforms.tiles_down;
  rest /= uniforms.tiles_down;
  let column = ((rest % uniforms.bands) * uniforms.band + across) * columns;
  rest /= uniforms.bands;
  let split = rest % uniforms.splits;
  let first_inner = split * uniforms.split_inner;
  let end_inner = min(first_inner + uniforms.split_inner, uniforms.inner);
  let is_there = index < uniforms.tiles && column < uniforms.columns;
  return Tile(is_there, rest / uniforms.splits, split, down * rows, column, first_inner, end_inner);
}
