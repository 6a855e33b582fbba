// A tile of a product in the registers of a quad, four lanes that run together: for processors that run four lanes as
// one vector, where a load costs as much as a dozen multiply-adds. Each lane has columns of its own and all rows; of
// the rows' operand it loads a fourth, and gets the rest from its neighbours. `multiply_tile` is composed
// (engine/ops/quad-tile.ts). A workgroup is one quad, so that nothing hangs on how lanes are dealt out to subgroups.

#import grid
#import tiles

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = tile_at(linear_workgroup(workgroup, workgroups), TILE_ROWS, 4u * LANE_COLUMNS);
  if (tile.is_there) {
    let batch = batch_of(tile.batch, tile.split);
    let column = tile.column + lane * LANE_COLUMNS;
    multiply_tile(batch, tile.row, column, tile.first_inner, tile.end_inner, lane);
  }
}
