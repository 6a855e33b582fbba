// y = (x − mean)·inverse·weight + bias along the last axis of [rows, length], as layer-norm-lanes.wgsl: one workgroup a
// row. Lane l has the elements l, l + LANES, …; sh_values[0 .. half) is what is left to combine between barriers.

#import grid

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverses: array<f32>;

var<workgroup> sh_values: array<vec2f, LANES>;

// The sum over all lanes, for all of them.
fn summed(lane: u32, own: vec2f) -> vec2f {
  sh_values[lane] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] += sh_values[lane + half];
    }
  }
  workgroupBarrier();
  let sum = sh_values[0];
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups);
  let start = row * uniforms.length;
  let end = select(start, start + uniforms.length, row < uniforms.count);
  let first = first_of(x[select(0u, start, row < uniforms.count)]);
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    total += x[at] - T(first);
  }
  let mean = summed(lane, vec2f(together(total), 0)).x * uniforms.share;
  var rest = T(0);
  var squares = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    let d = (x[at] - T(first)) - T(mean);
    rest += d;
    squares += d * d;
  }
  let sums = summed(lane, vec2f(together(rest), together(squares))) * uniforms.share;
  let inverse = inverseSqrt(max(sums.y - sums.x * sums.x, 0.0) + uniforms.epsilon);
  let centre = mean + sums.x;
  if (lane == 0u && row < uniforms.count) {
    means[row] = first + centre;
    inverses[row] = inverse;
  }
  for (var at = start + lane; at < end; at += LANES) {
    let centred = (x[at] - T(first)) - T(centre);
    y[at] = centred * T(inverse) * weight_at(at - start) + bias_at(at - start);
  }
}
