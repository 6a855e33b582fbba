// The state learns: n follows the number of differing elements of a sample, and β goes up while n is below its target,
// else down. One invocation; state is (β, n, d, λ).

struct Uniforms {
  states: f32,
  decay: f32,
  momentum: f32,
  step: f32,
  target_norm: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> differing: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<vec4f>;

@compute @workgroup_size(1)
fn main() {
  let old = state[0];
  let norm = uniforms.decay * old.y + (1.0 - uniforms.decay) * (f32(differing[0]) / uniforms.states);
  let change = uniforms.momentum * old.z + select(-uniforms.step, uniforms.step, norm < uniforms.target_norm);
  state[0] = vec4f(max(old.x + change, 0.0), norm, change, old.w);
}
