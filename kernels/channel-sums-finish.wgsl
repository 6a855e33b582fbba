// Adds the parts of each channel's two sums (kernels/lib/channel-sums.wgsl), in their order: one lane a channel.

#import lanes

struct Uniforms {
  count: u32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> products: array<f32>;

fn run(channel: u32) {
  let channels = uniforms.count;
  var sum = 0.0;
  var product = 0.0;
  for (var split = 0u; split < uniforms.splits; split++) {
    let at = 2u * split * channels + channel;
    sum += parts[at];
    product += parts[at + channels];
  }
  sums[channel] = sum;
  products[channel] = product;
}
