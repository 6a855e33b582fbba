// weight = base + τ·ε, where base is θ or a target's θ′ and ε is drawn here, anew at every read: noise is never stored.
// noise_factor() is τ for a solver that maximises and −τ for one that minimises (the cost is −θ).

fn source4(q: u32) -> vec4f {
  let base = held4(q);
  if (!PERTURBED) {
    return base;
  }
  return base + noise_factor() * draw4(q);
}
