// The same, k small beside n: several workgroups have found the groups' maxima; one selects groups, and then elements.

fn element_of(i: u32) -> u32 {
  return 4u * candidate_source(i / 4u) + i % 4u;
}

fn keep_maxima(lane: u32, part: u32) {
  for (var q = part * WORKGROUP_SIZE + lane; q < (group_count() + 3u) / 4u; q += DRAWING * WORKGROUP_SIZE) {
    work_store4(key_blocks() + q, group_maxima(q));
  }
}

fn select_groups(lane: u32) {
  let group_blocks = (group_count() + 3u) / 4u;
  find_threshold(lane, group_blocks);
  fill_blocks(lane, group_blocks, true);
  storageBarrier();
  workgroupBarrier();
  let blocks = candidate_blocks();
  for (var q = lane; q < blocks; q += WORKGROUP_SIZE) {
    work_store4(key_blocks() + q, candidate_block(q));
  }
  storageBarrier();
  workgroupBarrier();
  find_threshold(lane, blocks);
  fill_blocks(lane, blocks, false);
}
