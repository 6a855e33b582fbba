// Noise by its quantile function: one word a draw, two words of a table and a line between them, whatever the law is. u
// = (word | 1) / 2^32 is never 0 or 1. As a float of either sign, it has the tail, min(u, 1 - u), with its side: the
// exponent is the octave and the mantissa's first eight bits are the segment, together the row; the rest of the
// mantissa is the place in the segment, exact. Rows and twin: imle/noise/quantile-table/quantile-table.ts.
#import philox

const noise_law_blocks = 4096u;

fn noise_quantile(word: u32, first: u32) -> f32 {
  // 2^32 times the tail, rounded to 24 bits: a relative 6e-8 of it, at most as much in a draw as its own rounding.
  let tail = bitcast<u32>(f32(bitcast<i32>(word | 1u)));
  // The exponent modulo 32, and the sign.
  let row = ((tail >> 15u) & 8191u) | ((tail >> 18u) & 8192u);
  let place = f32(tail & 0x7fffu) * 3.0517578125e-5;
  let low = noise_table(first + (row >> 2u), row & 3u);
  let high = noise_table(first + ((row + 1u) >> 2u), (row + 1u) & 3u);
  return low + place * (high - low);
}

fn noise4(counter: vec4u, key: vec2u) -> vec4f {
  let words = philox4(counter, key);
  let first = noise_law(counter.z) * noise_law_blocks;
  return vec4f(
    noise_quantile(words.x, first),
    noise_quantile(words.y, first),
    noise_quantile(words.z, first),
    noise_quantile(words.w, first),
  );
}
