// One step down a gradient, in place: p ← p − η·direction(g + weightDecay·p). `direction` and the Uniforms are a piece:
// the gradient itself, kernels/sgd-momentum.wgsl, or kernels/rmsprop.wgsl. One lane owns one T of the parameter.
// The learning rate η lies on the device, so that a replayed step sees a new one.

#import lanes

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> parameter: array<T>;
@group(0) @binding(2) var<storage, read> gradient: array<T>;
@group(0) @binding(3) var<storage, read> learning_rate: array<f32>;

fn run(i: u32) {
  let value = parameter[i];
  let decayed = gradient[i] + uniforms.weight_decay * value;
  parameter[i] = value - learning_rate[0] * direction(i, decayed);
}
