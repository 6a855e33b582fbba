// Moves the running statistics a little towards those of a batch; for batch-norm-finish.wgsl.

@group(0) @binding(5) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> running_variance: array<f32>;

fn update_running(channel: u32, mean: f32, variance: f32) {
  let kept = 1.0 - uniforms.momentum;
  running_mean[channel] = kept * running_mean[channel] + uniforms.momentum * mean;
  running_variance[channel] = kept * running_variance[channel] + uniforms.momentum * variance;
}
