// A block of a product a workgroup, for adapters where workgroup memory is fast: the lanes bring DEPTH steps of the
// block's rows and columns into workgroup memory together, then each adds to its own tile in registers.
// Between the barriers sh_left[step][row] and sh_right[step][column] hold steps first_inner + step of both operands, 0
// beyond the end of the stretch. `multiply_block` is composed (engine/ops/tiles.ts); it fills, waits and sums.

#import grid

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
  var rest = linear_workgroup(workgroup, workgroups);
  if (rest >= uniforms.tiles) {
    return;
  }
  let across = rest % uniforms.band;
  rest /= uniforms.band;
  let down = rest % uniforms.tiles_down;
  rest /= uniforms.tiles_down;
  let first_column = ((rest % uniforms.bands) * uniforms.band + across) * BLOCK_COLUMNS;
  rest /= uniforms.bands;
  let split = rest % uniforms.splits;
  if (first_column >= uniforms.columns) {
    return;
  }
  let first_inner = split * uniforms.split_inner;
  let end_inner = min(first_inner + uniforms.split_inner, uniforms.inner);
  let batch = batch_of(rest / uniforms.splits, split);
  multiply_block(batch, down * BLOCK_ROWS, first_column, first_inner, end_inner, lane);
}
