// θ′ = θ where ∂L/∂z is 0, else −∂L/∂z; costs: c where it is 0, else ∂L/∂z.
// Niepert, Minervini, Franceschi 2021, Eq. 14.

fn target4(theta: vec4f, values: vec4f) -> vec4f {
  return select(-uniforms.gradient_sign * values, theta, values == vec4f());
}
