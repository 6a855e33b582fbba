// A tile of a product in the registers of each lane: no workgroup memory and no barrier, for adapters that make
// barriers expensive. `multiply_tile` is composed (engine/ops/tiles.ts), its operands are those of an operation.
// Lanes walk down the rows within a band of neighbouring tiles, so that lanes that run together load the same rows and
// the band's columns stay in the cache. With more than one split, each sums a stretch of the inner axis by itself.

#import grid
#import tiles

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = tile_at(linear_invocation(workgroup, workgroups, lane, LANES), TILE_ROWS, TILE_COLUMNS);
  if (tile.is_there) {
    let batch = batch_of(tile.batch, tile.split);
    multiply_tile(batch, tile.row, tile.column, tile.first_inner, tile.end_inner);
  }
}
