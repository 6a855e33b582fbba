// θ′ = α·θ − λ·∂L/∂z; the sign turns for costs. Niepert, Minervini, Franceschi 2021, Eq. 10.

fn target4(theta: vec4f, values: vec4f) -> vec4f {
  return uniforms.target_alpha * theta - (uniforms.gradient_sign * uniforms.target_lambda) * values;
}
