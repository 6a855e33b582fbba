// Folds the last axis of [outer, length] to [outer, splits]: one workgroup a result.
// Lane l of split s takes the elements l + LANES·(s + k·splits); then a tree over the lanes, so that the order of the
// additions depends on the shape alone. Between the barriers sh_partial[0 .. half) holds what is still to be combined.

#import grid

struct Uniforms {
  count: u32,
  length: u32,
  splits: u32,
  elements: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<R>;

var<workgroup> sh_partial: array<T, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_workgroup(workgroup, workgroups);
  let outer_ix = i / uniforms.splits;
  let split = i % uniforms.splits;
  var sum = identity();
  if (i < uniforms.count) {
    for (var r = split * LANES + lane; r < uniforms.length; r += LANES * uniforms.splits) {
      sum = combine(sum, load(outer_ix * uniforms.length + r, r, outer_ix));
    }
  }
  sh_partial[lane] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_partial[lane] = combine(sh_partial[lane], sh_partial[lane + half]);
    }
  }
  if (lane == 0u && i < uniforms.count) {
    result[i] = scaled(fold(sh_partial[0]));
  }
}
