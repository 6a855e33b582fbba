// Adds the parts of each channel's two sums (kernels/lib/channel-sums.wgsl), in their order: one lane a channel.

#import grid

struct Uniforms {
  count: u32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<storage, read_write> products: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channel = linear_invocation(workgroup, workgroups, lane, LANES);
  let channels = uniforms.count;
  if (channel >= channels) {
    return;
  }
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
