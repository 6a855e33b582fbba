// Keys 4q … 4q+3 in the order of i32, and how all four enter the list of the chosen.

fn list_block(q: u32) -> vec4i {
  return bitcast<vec4i>(top_k_block(q) ^ vec4u(0x80000000u));
}

fn top_k_insert_block(q: u32) {
  let keys = list_block(q);
  let base = 4u * q;
  top_k_insert(keys.x, base);
  top_k_insert(keys.y, base + 1u);
  top_k_insert(keys.z, base + 2u);
  top_k_insert(keys.w, base + 3u);
}
