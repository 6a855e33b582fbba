// Reduces every channel of [images, channels, inner] to `splits` parts: one workgroup a part, whose lanes take every
// (splits × LANES)-th item each, and then a tree. Between the barriers sh_parts[0 .. half) is what is left to join.

#import grid

var<workgroup> sh_parts: array<Part, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_workgroup(workgroup, workgroups);
  let channel = i / uniforms.splits;
  let split = i % uniforms.splits;
  var part = empty();
  if (i < uniforms.count) {
    part = reduced(channel, split * LANES + lane);
  }
  sh_parts[lane] = part;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sh_parts[lane] = joined(sh_parts[lane], sh_parts[lane + half]);
    }
  }
  if (lane == 0u && i < uniforms.count) {
    store(split, channel, sh_parts[0]);
  }
}
