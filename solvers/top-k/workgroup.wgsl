// Top-k of one row by one workgroup: all keys in workgroup memory (one read of the weights, one write of the states).
// 3,584 keys, a histogram and two words are 16 KiB but for a kilobyte.

var<workgroup> sh_keys: array<vec4u, 896>;

fn key_block(q: u32) -> vec4u {
  return sh_keys[q];
}

fn solve(lane: u32) {
  let blocks = (size() + 3u) / 4u;
  for (var q = lane; q < blocks; q += WORKGROUP_SIZE) {
    sh_keys[q] = top_k_block(q);
  }
  find_threshold(lane, blocks);
  fill_blocks(lane, blocks, false);
}
