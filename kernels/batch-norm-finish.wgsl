// Joins the parts of each channel's moments (batch-norm-moments.wgsl): its mean, and 1/√(variance + ε). One lane a
// channel. `update_running(channel, mean, variance)` is composed in front; its variance is the unbiased one.

#import lanes

struct Uniforms {
  count: u32,
  splits: u32,
  inner: u32,
  epsilon: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> parts: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverses: array<f32>;

fn run(channel: u32) {
  let channels = uniforms.count;
  var whole = Moments(0.0, 0.0, 0.0);
  for (var split = 0u; split < uniforms.splits; split++) {
    let at = 3u * split * channels + channel;
    whole = joined(whole, Moments(parts[at], parts[at + channels], parts[at + 2u * channels]));
  }
  let mean = x[channel * uniforms.inner] + whole.mean;
  means[channel] = mean;
  inverses[channel] = inverseSqrt(whole.squares / whole.count + uniforms.epsilon);
  update_running(channel, mean, whole.squares / max(whole.count - 1.0, 1.0));
}
