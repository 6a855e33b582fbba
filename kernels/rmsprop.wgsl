// The direction of RMSprop (Tieleman & Hinton 2012): v ← α·v + (1 − α)·g², from v = 0; the step goes along
// g / (√v + ε), or `along` of it (a piece: with momentum, b ← μ·b + g / (√v + ε)).

struct Uniforms {
  count: u32,
  weight_decay: f32,
  decay: f32,
  one_minus_decay: f32,
  epsilon: f32,
  momentum: f32,
}

@group(0) @binding(4) var<storage, read_write> square_average: array<T>;

fn direction(i: u32, gradient: T) -> T {
  let v = uniforms.decay * square_average[i] + uniforms.one_minus_decay * gradient * gradient;
  square_average[i] = v;
  return along(i, gradient / (sqrt(v) + uniforms.epsilon));
}
