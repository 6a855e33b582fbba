// Keys for top-k's kernels: the bits of weights above 0, whose order is that of the numbers, and 0, which is never
// chosen, for all others.

fn top_k_keys(values: vec4f) -> vec4u {
  return bitcast<vec4u>(max(bitcast<vec4i>(values), vec4i()));
}
