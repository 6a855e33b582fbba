// One step down a gradient, in place: p ← p − η·direction(g + weightDecay·p). `direction` and the Uniforms are a piece:
// the gradient itself, kernels/sgd-momentum.wgsl, or kernels/rmsprop.wgsl. One lane owns one T of the parameter.
// The learning rate η lies on the device, so that a replayed step sees a new one.

#import grid

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> parameter: array<T>;
@group(0) @binding(2) var<storage, read> gradient: array<T>;
@group(0) @binding(3) var<storage, read> learning_rate: array<f32>;

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
  let value = parameter[i];
  let decayed = gradient[i] + uniforms.weight_decay * value;
  parameter[i] = value - learning_rate[0] * direction(i, decayed);
}
