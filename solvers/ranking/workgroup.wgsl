// Ranks by one workgroup: all weights in workgroup memory (16 KiB: n ≤ 4,096), then each lane ranks every
// WORKGROUP_SIZE-th block.

var<workgroup> sh_weights: array<vec4f, BLOCKS>;

fn loaded4(q: u32) -> vec4f {
  return sh_weights[q];
}

fn solve(lane: u32) {
  for (var q = lane; q < (size() + 3u) / 4u; q += WORKGROUP_SIZE) {
    sh_weights[q] = weight4(q);
  }
  workgroupBarrier();
  for (var q = lane; q < (size() + 3u) / 4u; q += WORKGROUP_SIZE) {
    rank_block(q);
  }
}
