// y = softmax(x), or its logarithm where LOGARITHM is 1, along the middle axis of [outer, length, inner]: one lane a
// row (or four rows side by side), no barriers. T is what is loaded at once, W what a row comes to: engine/ops/softmax.ts.
// The exponentials are kept in y, so that each is computed once.

#import grid

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, LANES);
  if (i >= uniforms.count) {
    return;
  }
  let inner = uniforms.inner;
  let start = (i / inner) * uniforms.length * inner + i % inner;
  let end = start + uniforms.length * inner;
  var highest = x[start];
  for (var at = start + inner; at < end; at += inner) {
    highest = max(highest, x[at]);
  }
  let maximum = largest(highest);
  var total = T(0);
  for (var at = start; at < end; at += inner) {
    let e = exp(x[at] - T(maximum));
    total += e;
    if (LOGARITHM == 0u) {
      y[at] = e;
    }
  }
  let sum = together(total);
  if (LOGARITHM == 0u) {
    for (var at = start; at < end; at += inner) {
      y[at] = y[at] / T(sum);
    }
  } else {
    let log_sum = log(sum);
    for (var at = start; at < end; at += inner) {
      y[at] = (x[at] - T(maximum)) - T(log_sum);
    }
  }
}
