// dx of a layer normalisation, as layer-norm-gradient-lanes.wgsl: one workgroup a row. Lane l has the elements l,
// l + LANES, …; sh_values[0 .. half) is what is left to combine between barriers.

#import grid

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> means: array<f32>;
@group(0) @binding(4) var<storage, read> inverses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<T>;

var<workgroup> sh_values: array<vec2f, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups);
  let start = row * uniforms.length;
  let end = select(start, start + uniforms.length, row < uniforms.count);
  let own_row = select(0u, row, row < uniforms.count);
  let mean = T(means[own_row]);
  let inverse = T(inverses[own_row]);
  var total = T(0);
  var product = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    let g = dy[at] * weight_at(at - start);
    total += g;
    product += g * ((x[at] - mean) * inverse);
  }
  sh_values[lane] = vec2f(together(total), together(product));
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] += sh_values[lane + half];
    }
  }
  workgroupBarrier();
  let sums = sh_values[0] * uniforms.share;
  for (var at = start + lane; at < end; at += LANES) {
    let g = dy[at] * weight_at(at - start);
    dx[at] = (g - T(sums.x) - (x[at] - mean) * inverse * T(sums.y)) * inverse;
  }
}
