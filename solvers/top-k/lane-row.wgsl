// All keys of a long row, by several invocations.

fn keep_row(part: u32) {
  let stretch = share_of(part, (size() + 3u) / 4u);
  begin_selection(part, stretch);
  for (var q = stretch.x; q < stretch.y; q++) {
    work_store4(key_blocks() + q, top_k_block(q));
  }
}
