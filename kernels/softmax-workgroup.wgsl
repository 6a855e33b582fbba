// y = softmax(x), or its logarithm where LOGARITHM is 1, along the last axis of [outer, length]: one workgroup a row.
// Lane l has the elements l, l + LANES, …; sh_values[0 .. half) is what is still to be combined between barriers.

#import grid

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

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
  var highest = T(-0x1.fffffep+127f);
  for (var at = start + lane; at < end; at += LANES) {
    highest = max(highest, x[at]);
  }
  sh_values[lane] = largest(highest);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] = max(sh_values[lane], sh_values[lane + half]);
    }
  }
  workgroupBarrier();
  let maximum = sh_values[0];
  workgroupBarrier();
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    let e = exp(x[at] - T(maximum));
    total += e;
    if (LOGARITHM == 0u) {
      y[at] = e;
    }
  }
  sh_values[lane] = together(total);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] += sh_values[lane + half];
    }
  }
  workgroupBarrier();
  let sum = sh_values[0];
  let log_sum = log(sum);
  for (var at = start + lane; at < end; at += LANES) {
    if (LOGARITHM == 0u) {
      y[at] = y[at] / T(sum);
    } else {
      y[at] = (x[at] - T(maximum)) - T(log_sum);
    }
  }
}
