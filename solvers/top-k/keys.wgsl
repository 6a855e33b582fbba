// Keys of weights, whose order is that of the numbers; −0 counts as +0. No weight has the key 0, which is never chosen.
#import keys

fn top_k_keys(values: vec4f) -> vec4u {
  let keys = vec4u(ordered_key(values.x), ordered_key(values.y), ordered_key(values.z), ordered_key(values.w));
  return max(keys, vec4u(1u));
}
