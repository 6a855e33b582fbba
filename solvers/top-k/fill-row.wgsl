// All keys of a row at once: states leave in blocks, zeros too.

fn take(position: u32, i: u32, key: u32, listing: bool) {
  keep_entry(position, key, i);
}

fn leave_block(q: u32, chosen: vec4<bool>) {
  emit4(q, select(vec4i(), vec4i(1), chosen));
}
