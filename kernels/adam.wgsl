// One step of Adam (Kingma & Ba 2015, Algorithm 1), in place: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
// p ← p − η·m̂ / (√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). One lane owns one T of the parameter.
// Both corrections lie on the device (kernels/adam-advance.wgsl), as the learning rate η does, so that a replayed step
// goes on by itself. A row of `progress` is (t, 1 − β₁ᵗ, 1 − β₂ᵗ, unused).

#import lanes

struct Uniforms {
  count: u32,
  row: u32,
  beta1: f32,
  beta2: f32,
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  epsilon: f32,
  weight_decay: f32,
  decoupled: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> parameter: array<T>;
@group(0) @binding(2) var<storage, read> gradient: array<T>;
@group(0) @binding(3) var<storage, read_write> first_moment: array<T>;
@group(0) @binding(4) var<storage, read_write> second_moment: array<T>;
@group(0) @binding(5) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(6) var<storage, read> progress: array<vec4f>;

fn run(i: u32) {
  let rate = learning_rate[0];
  let corrections = progress[uniforms.row];
  var value = parameter[i];
  var g = gradient[i];
  if (uniforms.decoupled != 0u) {
    value -= rate * uniforms.weight_decay * value;
  } else {
    g += uniforms.weight_decay * value;
  }
  let m = uniforms.beta1 * first_moment[i] + uniforms.one_minus_beta1 * g;
  let v = uniforms.beta2 * second_moment[i] + uniforms.one_minus_beta2 * g * g;
  first_moment[i] = m;
  second_moment[i] = v;
  parameter[i] = value - rate * (m / corrections.y) / (sqrt(v / corrections.z) + uniforms.epsilon);
}
