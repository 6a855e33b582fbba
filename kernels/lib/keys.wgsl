// Order-preserving keys: for numbers a, b the order of ordered_key(a), ordered_key(b) as u32 is the order of a, b; −0
// counts as +0. No number has the keys 0 and 0xffffffff.

fn ordered_key(value: f32) -> u32 {
  let given = bitcast<u32>(value);
  let bits = select(given, 0u, given == 0x80000000u);
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
