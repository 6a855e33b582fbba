// How many of a row are wanted: the solver's k, or the row's own where the input k is given; never more than there are.

fn top_k_most() -> u32 {
  return min(parameter_k(), size());
}

fn top_k_wanted() -> u32 {
  let own = select(parameter_k(), input_k(0u), has_k());
  if (own > parameter_k()) {
    report(REPORT_K);
  }
  return min(own, top_k_most());
}

// Keys 4q … 4q+3, 0 beyond the end: padded by index, as no value is certain to be below every weight.
fn top_k_block(q: u32) -> vec4u {
  let inside = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(size());
  return select(vec4u(), top_k_keys(weight4(q)), inside);
}

fn count_true(each: vec4<bool>) -> u32 {
  let ones = select(vec4u(), vec4u(1u), each);
  return ones.x + ones.y + ones.z + ones.w;
}
