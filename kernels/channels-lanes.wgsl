// Reduces every channel of [images, channels, inner] to `splits` parts: one lane a part (or four channels' side by
// side), no barrier, no atomic. Neighbouring lanes read neighbours: of the channels where inner is 1, else of an image.

#import lanes

fn run(i: u32) {
  var channel = i / uniforms.splits;
  var split = i % uniforms.splits;
  if (uniforms.inner == 1u) {
    channel = i % uniforms.channels;
    split = i / uniforms.channels;
  }
  store(split, channel, reduced(channel, split));
}
