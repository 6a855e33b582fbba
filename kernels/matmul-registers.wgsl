// A tile of a product in the registers of each lane: no workgroup memory and no barrier, for adapters that make
// barriers expensive. `multiply_tile` is composed (engine/ops/tiles.ts), its operands are those of an operation.
// Lanes walk down the rows within a band of neighbouring tiles, so that lanes that run together load the same rows and
// the band's columns stay in the cache. With more than one split, each sums a stretch of the inner axis by itself.

#import grid

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var rest = linear_invocation(workgroup, workgroups, lane, LANES);
  if (rest >= uniforms.tiles) {
    return;
  }
  let across = rest % uniforms.band;
  rest /= uniforms.band;
  let down = rest % uniforms.tiles_down;
  rest /= uniforms.tiles_down;
  let first_column = ((rest % uniforms.bands) * uniforms.band + across) * TILE_COLUMNS;
  rest /= uniforms.bands;
  let split = rest % uniforms.splits;
  if (first_column >= uniforms.columns) {
    return;
  }
  let first_inner = split * uniforms.split_inner;
  let end_inner = min(first_inner + uniforms.split_inner, uniforms.inner);
  multiply_tile(batch_of(rest / uniforms.splits, split), down * TILE_ROWS, first_column, first_inner, end_inner);
}
