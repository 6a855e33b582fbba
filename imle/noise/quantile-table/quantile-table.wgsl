// Noise by its quantile function: one word a draw, one table row and one cubic, whatever the law is.
// u = (word + 1/2) / 2^32 is never 0 or 1. The tail, min(u, 1 - u), is kept as a float, so that its exponent is the
// octave and its mantissa's first three bits are the segment: together the row, as they lie there. The rest of the
// mantissa is the place in the segment, exact. Rows and twin: imle/noise/quantile-table/quantile-table.ts.
#import philox

const noise_rows_of_law = 514u;

fn noise_quantile(word: u32, first_row: u32) -> f32 {
  // All ones for the upper half, where the complement of the word counts from the other end.
  let upper = bitcast<u32>(bitcast<i32>(word) >> 31u);
  // 2^32 times the tail, at least 1/2, to 24 bits: a relative 6e-8 of the tail, at most as much in a draw as its own
  // rounding. Leading zeros of the word would keep 32 bits, at 31 million draws a second for 44 (SwiftShader).
  let tail = bitcast<u32>(f32(bitcast<i32>(word ^ upper)) + 0.5);
  // The exponent of 1/2 is 126.
  let c = noise_table(first_row + (tail >> 20u) - 126u * 8u + (upper & 257u));
  let t = bitcast<f32>((tail & 0xfffffu) | 0x3f800000u) - 1.0;
  return c.x + t * (c.y + t * (c.z + t * c.w));
}

fn noise4(counter: vec4u, key: vec2u) -> vec4f {
  let words = philox4(counter, key);
  let first_row = noise_law(counter.z) * noise_rows_of_law;
  return vec4f(
    noise_quantile(words.x, first_row),
    noise_quantile(words.y, first_row),
    noise_quantile(words.z, first_row),
    noise_quantile(words.w, first_row),
  );
}
