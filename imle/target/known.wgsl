// θ′ = θ*, whatever θ and ∂L/∂z are.

fn target4(theta: vec4f, values: vec4f) -> vec4f {
  return values;
}
