// All keys of a row by one invocation or by several.

fn keep_row(part: u32) {
  let stretch = share_of(part, (size() + 3u) / 4u);
  begin_selection(part, stretch);
  for (var q = stretch.x; q < stretch.y; q++) {
    work_store4(key_blocks() + q, top_k_block(q));
  }
}

// Without parts.
fn select_row() {
  keep_row(0u);
  find_threshold();
  fill_part(0u, false);
}
