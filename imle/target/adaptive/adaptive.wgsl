// θ′ = α·θ ∓ λ·∂L/∂z with the λ that magnitude.wgsl has found; target_side is 1 for the side that descends (z′), −1 for
// the other. The sign turns for costs. Minervini, Franceschi, Niepert 2022 (arXiv 2209.04862).

fn target4(theta: vec4f, values: vec4f) -> vec4f {
  let step = uniforms.gradient_sign * uniforms.target_side * target_state[0].w;
  return uniforms.target_alpha * theta - step * values;
}
