// log Σ exp of each row of [count, length], and the row's loss, by `finish`: one lane a row, no barriers.
// T is one element or four neighbours. kernels/lib/cross-entropy.wgsl declares the rest.

#import grid

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_invocation(workgroup, workgroups, lane, LANES);
  if (row >= uniforms.count) {
    return;
  }
  let start = row * uniforms.length;
  let end = start + uniforms.length;
  var highest = logits[start];
  for (var at = start + 1u; at < end; at++) {
    highest = max(highest, logits[at]);
  }
  let maximum = largest(highest);
  var total = T(0);
  for (var at = start; at < end; at++) {
    total += exp(logits[at] - T(maximum));
  }
  finish(row, maximum, log(together(total)));
}
