// weight = base + τ·ε, where base is θ or a target's θ′ and ε is drawn here, anew at every read: noise is never stored.
// noise_scale is τ for a solver that maximises and −τ for one that minimises (the cost is −θ).

fn source4(q: u32) -> vec4f {
  let base = base4(q);
  if (!PERTURBED) {
    return base;
  }
  return base + uniforms.noise_scale * draw4(q);
}
