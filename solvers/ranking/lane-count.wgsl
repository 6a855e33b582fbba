// Second pass of the lane strategy: one invocation ranks one block of four weights.

fn loaded4(q: u32) -> vec4f {
  return bitcast<vec4f>(work_load4(q));
}

fn solve(part: u32) {
  rank_block(part);
}
