// Reduces every channel of [images, channels, inner] to `splits` parts: one lane a part (or four channels' side by
// side), no barrier, no atomic. Neighbouring lanes read neighbours: of the channels where inner is 1, else of an image.

#import grid

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
  var channel = i / uniforms.splits;
  var split = i % uniforms.splits;
  if (uniforms.inner == 1u) {
    channel = i % uniforms.channels;
    split = i / uniforms.channels;
  }
  store(split, channel, reduced(channel, split));
}
