// y = (x − mean)·inverse·weight + bias, channel by channel of [images, channels, inner]: one lane a T.
// `weight_at` and `bias_at` are composed in front: engine/ops/affine.ts.

#import lanes

struct Uniforms {
  count: u32,
  channels: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> means: array<W>;
@group(0) @binding(3) var<storage, read> inverses: array<W>;
@group(0) @binding(4) var<storage, read_write> y: array<T>;

fn run(i: u32) {
  let channel = (i / uniforms.inner) % uniforms.channels;
  let slope = inverses[channel] * weight_at(channel);
  y[i] = (x[i] - T(means[channel])) * T(slope) + T(bias_at(channel));
}
