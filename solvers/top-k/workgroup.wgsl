// Top-k of one row by one workgroup: all keys in workgroup memory (one read of the weights, one write of the states).
// The most, 3,584 keys, leave a kilobyte of 16 KiB beside the histogram.

var<workgroup> sh_keys: array<vec4u, SHARED_BLOCKS>;

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
