// The statistics that a batch is normalised with at test time, as batch-norm-finish.wgsl has them while training:
// copies, so that a later update does not change the gradient. One lane a channel.

#import lanes

struct Uniforms {
  count: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> running_mean: array<f32>;
@group(0) @binding(2) var<storage, read> running_variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverses: array<f32>;

fn run(channel: u32) {
  means[channel] = running_mean[channel];
  inverses[channel] = inverseSqrt(running_variance[channel] + uniforms.epsilon);
}
