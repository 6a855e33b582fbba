// Sum-of-Gamma noise as it is defined: the sum over i of G_i / i, G_i ~ Gamma(noise_shape), less noise_offset.
// Gamma variables by rejection (Ahrens and Dieter 1974, algorithm GS), four at a time, with powers kept as logarithms:
// at least 72 % of tries are taken for every shape up to 1, so that 32 tries all fail once in 10^17.
// Every try has blocks of its own: the second word of the key holds stream (16 bits), i - 1 (10), try (5), half (1).
// The host declares noise_shape, noise_iterations and noise_offset. Twin: direct.ts.
#import philox

const noise_tries = 32u;
// (e + a) / e for the shape a.
const noise_envelope = 1.0 + noise_shape * 0.36787944117144233;

fn noise_uniform4(counter: vec4u, key: vec2u) -> vec4f {
  let words = philox4(counter, key);
  return vec4f(uniform_from(words.x), uniform_from(words.y), uniform_from(words.z), uniform_from(words.w));
}

fn noise_gamma4(counter: vec4u, key: vec2u) -> vec4f {
  var drawn = vec4f(0.0);
  var waiting = vec4<bool>(true);
  for (var i = 0u; i < noise_tries && any(waiting); i++) {
    let proposed = noise_uniform4(counter, vec2u(key.x, key.y | ((2u * i) << 26u)));
    let chance = log(noise_uniform4(counter, vec2u(key.x, key.y | ((2u * i + 1u) << 26u))));
    let p = noise_envelope * proposed;
    let small = exp(log(p) / noise_shape);
    // envelope − p, without the cancellation; kept above 1, which it is wherever it is used.
    let large = max(-log(noise_envelope * (1.0 - proposed) / noise_shape), vec4f(1.0));
    let is_small = p <= vec4f(1.0);
    let value = select(large, small, is_small);
    let taken = waiting & (chance <= select((noise_shape - 1.0) * log(large), -small, is_small));
    drawn = select(drawn, value, taken);
    waiting &= !taken;
  }
  return drawn;
}

fn noise4(counter: vec4u, key: vec2u) -> vec4f {
  var total = vec4f(0.0);
  for (var i = 1u; i <= noise_iterations; i++) {
    total += noise_gamma4(counter, vec2u(key.x, key.y | ((i - 1u) << 16u))) / f32(i);
  }
  return total - noise_offset;
}
