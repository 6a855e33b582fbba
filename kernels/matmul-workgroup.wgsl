// A block of a product a workgroup, for adapters where workgroup memory is fast: the lanes bring DEPTH steps of the
// block's rows and columns into workgroup memory together, then each adds to its own tile in registers.
// Between the barriers sh_left[step][row] and sh_right[step][column] hold steps first_inner + step of both operands, 0
// beyond the end of the stretch. `multiply_block` is composed (engine/ops/tiles.ts); it fills, waits and sums.

#import grid
#import tiles

const BLOCK_ROWS = TILE_ROWS * LANES_DOWN;
const BLOCK_COLUMNS = TILE_COLUMNS * LANES_ACROSS;
const LANES = LANES_DOWN * LANES_ACROSS;

var<workgroup> sh_left: array<f32, DEPTH * BLOCK_ROWS>;
var<workgroup> sh_right: array<f32, DEPTH * BLOCK_COLUMNS>;

fn fill_left(batch: Batch, first_row: u32, first_inner: u32, end_inner: u32, lane: u32) {
  for (var i = lane; i < DEPTH * BLOCK_ROWS; i += LANES) {
    let step = select(i / BLOCK_ROWS, i % DEPTH, LEFT_ALONG_INNER == 1u);
    let row = select(i % BLOCK_ROWS, i / DEPTH, LEFT_ALONG_INNER == 1u);
    var value = 0.0;
    if (first_inner + step < end_inner && first_row + row < uniforms.rows) {
      value = left_at(left_place(batch, first_row + row), left_step(first_inner + step));
    }
    sh_left[step * BLOCK_ROWS + row] = value;
  }
}

fn fill_right(batch: Batch, first_column: u32, first_inner: u32, end_inner: u32, lane: u32) {
  for (var i = lane; i < DEPTH * BLOCK_COLUMNS; i += LANES) {
    let step = select(i / BLOCK_COLUMNS, i % DEPTH, RIGHT_ALONG_INNER == 1u);
    let column = select(i % BLOCK_COLUMNS, i / DEPTH, RIGHT_ALONG_INNER == 1u);
    var value = 0.0;
    if (first_inner + step < end_inner && first_column + column < uniforms.columns) {
      value = right_at(right_place(batch, first_column + column), right_step(first_inner + step));
    }
    sh_right[step * BLOCK_COLUMNS + column] = value;
  }
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = tile_at(linear_workgroup(workgroup, workgroups), BLOCK_ROWS, BLOCK_COLUMNS);
  if (tile.is_there) {
    let batch = batch_of(tile.batch, tile.split);
    multiply_block(batch, tile.row, tile.column, tile.first_inner, tile.end_inner, lane);
  }
}
