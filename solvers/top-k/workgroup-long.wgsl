// Rows that do not fit a workgroup's memory: several workgroups have drawn the keys into the workspace, one selects.

fn key_block(q: u32) -> vec4u {
  return work_load4(key_blocks() + q);
}

fn keep_row(lane: u32, part: u32) {
  for (var q = part * WORKGROUP_SIZE + lane; q < (size() + 3u) / 4u; q += DRAWING * WORKGROUP_SIZE) {
    work_store4(key_blocks() + q, top_k_block(q));
  }
}

fn select_row(lane: u32) {
  let blocks = (size() + 3u) / 4u;
  find_threshold(lane, blocks);
  fill_blocks(lane, blocks, false);
}
