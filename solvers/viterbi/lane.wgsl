// Viterbi by one invocation: the best scores of two positions, in turns, in the workspace behind everything else.

fn best_at(t: u32, j: u32) -> u32 {
  return positions() * states() + counted() + (t & 1u) * states() + j;
}

fn best_load(t: u32, j: u32) -> f32 {
  return bitcast<f32>(work_load(best_at(t, j)));
}

fn best_store(t: u32, j: u32, value: f32) {
  work_store(best_at(t, j), bitcast<u32>(value));
}

fn solve() {
  for (var j = 0u; j < states(); j++) {
    best_store(0u, j, node(0u, j));
  }
  for (var t = 1u; t < positions(); t++) {
    for (var j = 0u; j < states(); j++) {
      advance(t, j);
    }
  }
  trace_chain();
}
