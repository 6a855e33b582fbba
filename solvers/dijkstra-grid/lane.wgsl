// Shortest path on a grid by one invocation, in three steps: costs into the workspace; distances and directions, by
// `settle` (lane-rows.wgsl); the path.
// Layout of the workspace: costs as [row][block of four words], whose place the directions take when the distances are
// known, as [row][block's word]; then QUEUE.

fn directions_load(word: u32) -> u32 {
  return work_load(word);
}

fn directions_store(word: u32, directions: u32) {
  work_store(word, directions);
}

fn queue_load(position: u32) -> u32 {
  return work_load(QUEUE + position);
}

fn queue_store(position: u32, entry: u32) {
  work_store(QUEUE + position, entry);
}

fn solve() {
  let start = start_place();
  load_costs();
  let steps = settle(start);
  trace_path(cell_of(start), cell_of(goal_place()), MOST_STEPS - steps);
}

// Draws every weight once.
fn load_costs() {
  let shifts = parameter_negative() == POLICY_SHIFT;
  var lowest = vec4f();
  for (var q = 0u; q < (HEIGHT * WIDTH + 3u) / 4u; q++) {
    let weights = weight4(q);
    lowest = min(lowest, weights);
    store_costs(q, select(cost_bits(weights), bitcast<vec4u>(weights), shifts));
  }
  let least = min(min(lowest.x, lowest.y), min(lowest.z, lowest.w));
  if (least < 0.0 && parameter_negative() == POLICY_ERROR) {
    report(REPORT_NEGATIVE);
  }
  for (var q = 0u; q < select(0u, HEIGHT * ROW_BLOCKS, shifts); q++) {
    work_store4(q, cost_bits(bitcast<vec4f>(work_load4(q)) - least));
  }
}
