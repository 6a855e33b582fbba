// One element of C = op(A)·op(B) a lane, batched; op is the identity or the transpose.

#import grid

struct Uniforms {
  count: u32,
  rows: u32,
  columns: u32,
  inner: u32,
  batch_lengths: vec4u,
  left_batch: vec4u,
  right_batch: vec4u,
  left_row: u32,
  left_inner: u32,
  right_inner: u32,
  right_column: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> left: array<f32>;
@group(0) @binding(2) var<storage, read> right: array<f32>;
@group(0) @binding(3) var<storage, read_write> product: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_invocation(workgroup, workgroups, lane, 64u);
  if (index >= uniforms.count) {
    return;
  }
  let column = index % uniforms.columns;
  let row = (index / uniforms.columns) % uniforms.rows;
  var rest = index / (uniforms.columns * uniforms.rows);
  var left_ix = row * uniforms.left_row;
  var right_ix = column * uniforms.right_column;
  for (var axis = 0u; axis < 4u; axis++) {
    let place = rest % uniforms.batch_lengths[axis];
    rest /= uniforms.batch_lengths[axis];
    left_ix += place * uniforms.left_batch[axis];
    right_ix += place * uniforms.right_batch[axis];
  }
  var sum = 0.0;
  for (var k = 0u; k < uniforms.inner; k++) {
    sum = fma(left[left_ix], right[right_ix], sum);
    left_ix += uniforms.left_inner;
    right_ix += uniforms.right_inner;
  }
  product[index] = sum;
}
