// The statistics that a batch is normalised with at test time, as batch-norm-finish.wgsl has them while training:
// copies, so that a later update does not change the gradient. One lane a channel.

#import grid

struct Uniforms {
  count: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> running_mean: array<f32>;
@group(0) @binding(2) var<storage, read> running_variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverses: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channel = linear_invocation(workgroup, workgroups, lane, LANES);
  if (channel < uniforms.count) {
    means[channel] = running_mean[channel];
    inverses[channel] = inverseSqrt(running_variance[channel] + uniforms.epsilon);
  }
}
