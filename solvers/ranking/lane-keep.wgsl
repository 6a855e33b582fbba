// First pass of the lane strategy: one invocation keeps one block of four weights, each drawn once.

fn solve(part: u32) {
  work_store4(part, bitcast<vec4u>(weight4(part)));
}
