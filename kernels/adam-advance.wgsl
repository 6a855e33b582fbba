// Takes the count of steps of each parameter that has a gradient one further: a row is (t, 1 − β₁ᵗ, 1 − β₂ᵗ, unused).
// The corrections come from cₜ = βcₜ₋₁ + (1 − β), with 1 − β rounded once on the host: where they are small they stay
// accurate to a rounding, which 1 − pow(β, t) in WGSL would not. One lane advances one parameter of a block; which of
// the block have a gradient are bits of the uniforms, so that the host uploads nothing and a recorded step holds them.

#import lanes

struct Uniforms {
  first: u32,
  count: u32,
  beta1: f32,
  beta2: f32,
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  has_gradient: array<vec4u, 8>,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> progress: array<vec4f>;

fn run(i: u32) {
  let word = uniforms.has_gradient[i >> 7u][(i >> 5u) & 3u];
  if (((word >> (i & 31u)) & 1u) == 0u) {
    return;
  }
  let row = uniforms.first + i;
  let before = progress[row];
  progress[row] = vec4f(
    before.x + 1.0,
    uniforms.beta1 * before.y + uniforms.one_minus_beta1,
    uniforms.beta2 * before.z + uniforms.one_minus_beta2,
    0.0,
  );
}
