// Keys for top-k's kernels: the bits of weights above 0, whose order is that of the numbers, and 0, which is never
// chosen, for all others, NaN too.

fn top_k_keys(values: vec4f) -> vec4u {
  let bits = bitcast<vec4i>(values);
  return bitcast<vec4u>(select(max(bits, vec4i()), vec4i(), bits > vec4i(0x7f800000)));
}
