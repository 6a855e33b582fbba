// The direction of SGD with momentum μ, as PyTorch defines it: v ← μ·v + g, from v = 0; the step goes along v, with
// Nesterov's look-ahead along g + μ·v.

struct Uniforms {
  count: u32,
  weight_decay: f32,
  momentum: f32,
  nesterov: u32,
}

@group(0) @binding(4) var<storage, read_write> velocity: array<T>;

fn direction(i: u32, gradient: T) -> T {
  let updated = uniforms.momentum * velocity[i] + gradient;
  velocity[i] = updated;
  if (uniforms.nesterov != 0u) {
    return gradient + uniforms.momentum * updated;
  }
  return updated;
}
