// dx of softmax or its logarithm, as softmax-gradient-lanes.wgsl, along the last axis of [outer, length]: one workgroup
// a row. Lane l has the elements l, l + LANES, …; sh_values[0 .. half) is what is left to combine between barriers.

#import grid

@group(0) @binding(1) var<storage, read> y: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

var<workgroup> sh_values: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups);
  let start = row * uniforms.length;
  let end = select(start, start + uniforms.length, row < uniforms.count);
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    total += slope_term(y[at], dy[at]);
  }
  sh_values[lane] = together(total);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] += sh_values[lane + half];
    }
  }
  workgroupBarrier();
  let sum = T(sh_values[0]);
  for (var at = start + lane; at < end; at += LANES) {
    dx[at] = slope(y[at], dy[at], sum);
  }
}
