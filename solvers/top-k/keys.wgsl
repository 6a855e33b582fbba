// Order-preserving keys: for numbers a, b the order of key(a), key(b) as u32 is the order of a, b; −0 counts as +0.
// No number has the key 0, which is never chosen.

fn top_k_key(value: f32) -> u32 {
  let given = bitcast<u32>(value);
  let bits = select(given, 0u, given == 0x80000000u);
  return max(select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u), 1u);
}

fn top_k_keys(values: vec4f) -> vec4u {
  return vec4u(top_k_key(values.x), top_k_key(values.y), top_k_key(values.z), top_k_key(values.w));
}
