// weight = base + τ·ε, or base·exp(τ·ε − τ²/2), where base is θ or a target's θ′ and ε is drawn here, anew at every read:
// noise is never stored. noise_factor() is τ for a solver that maximises and −τ for one that minimises (the cost is −θ);
// a factor has no sense.

fn source4(q: u32) -> vec4f {
  let base = held4(q);
  if (!PERTURBED) {
    return base;
  }
  if (MULTIPLIES) {
    let temperature = abs(noise_factor());
    return base * exp(temperature * draw4(q) - 0.5 * temperature * temperature);
  }
  return base + noise_factor() * draw4(q);
}
