// log Σ exp of each row of [count, length], and the row's loss, by `finish`: one workgroup a row.
// Lane l has the elements l, l + LANES, …; sh_values[0 .. half) is what is still to be combined between barriers.

#import grid

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
    highest = max(highest, logits[at]);
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
    total += exp(logits[at] - T(maximum));
  }
  sh_values[lane] = together(total);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_values[lane] += sh_values[lane + half];
    }
  }
  if (lane == 0u && row < uniforms.count) {
    finish(row, maximum, log(sh_values[0]));
  }
}
