// Keys of weights, the larger the better, by bits: −0 counts as +0, and NaN, whatever its sign, is worse than all numbers.
// No weight has the key 0, which is never chosen, nor the greatest one.
#import keys

fn top_k_keys(values: vec4f) -> vec4u {
  let keys = vec4u(ordered_key(values.x), ordered_key(values.y), ordered_key(values.z), ordered_key(values.w));
  let magnitudes = bitcast<vec4u>(values) & vec4u(0x7fffffffu);
  return select(select(keys, ~keys, SMALLEST), vec4u(1u), magnitudes > vec4u(0x7f800000u));
}
