// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// philox4(counter, key): four independent 32-bit words for each of 2^192 (counter, key), with no state to keep.
// The high half of a product is made of 16-bit halves, since WGSL has no wider multiplication. A loop, because it is
// as fast as ten rounds written out (lavapipe) or faster (SwiftShader, 3 %). Twin: imle/noise/philox.ts.

fn philox_high(a: u32, low: u32, high: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let middle = a_high * low + ((a_low * low) >> 16u);
  let other = a_low * high + (middle & 0xffffu);
  return a_high * high + (middle >> 16u) + (other >> 16u);
}

fn philox4(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high_x = philox_high(c.x, 0x1f53u, 0xd251u);
    let high_z = philox_high(c.z, 0x8d57u, 0xcd9eu);
    c = vec4u(high_z ^ c.y ^ k.x, c.z * 0xcd9e8d57u, high_x ^ c.w ^ k.y, c.x * 0xd2511f53u);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// A uniform number strictly inside (0, 1): the middle of one of 2^23 equal cells, exact in f32.
fn uniform_from(word: u32) -> f32 {
  return f32(word >> 9u) * 1.1920928955078125e-7 + 5.9604644775390625e-8;
}
