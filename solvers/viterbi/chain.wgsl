// Viterbi's recursion over a chain of T positions with K states: best[t][j] = max_i (best[t − 1][i] +
// edge(t − 1, i, j)) + node(t, j), ties to the lowest i. The strategies supply best_load and best_store; predecessors
// and, with shared transitions, counts of transitions are in the workspace.

const REPORT_LOOPS: u32 = 1u;

fn predecessor_at(t: u32, j: u32) -> u32 {
  return (t - 1u) * states() + j;
}

var<private> best_value: f32;
var<private> best_from: u32;

fn consider(t: u32, i: u32, j: u32) {
  let from_i = min(i, states() - 1u);
  let value = best_load(t - 1u, from_i) + edge(t - 1u, from_i, j);
  let passes = value > best_value;
  best_value = select(best_value, value, passes);
  best_from = select(best_from, from_i, passes);
}

// State j of position t from those of t − 1. The last state may be considered again, which changes nothing.
fn advance(t: u32, j: u32) {
  best_value = best_load(t - 1u, 0u) + edge(t - 1u, 0u, j);
  best_from = 0u;
  for (var i = 1u; i < states(); i += 4u) {
    consider(t, i, j);
    consider(t, i + 1u, j);
    consider(t, i + 2u, j);
    consider(t, i + 3u, j);
  }
  best_store(t, j, best_value + node(t, j));
  work_store(predecessor_at(t, j), best_from);
}

// The best last state, and back along the predecessors.
fn trace_chain() {
  let last = positions() - 1u;
  var state = 0u;
  var best = best_load(last, 0u);
  for (var j = 1u; j < states(); j++) {
    let value = best_load(last, j);
    if (value > best) {
      best = value;
      state = j;
    }
  }
  begin_emit();
  emit_node(last, state);
  var t = last;
  for (; t > 0u; t--) {
    let from_state = work_load(predecessor_at(t, state));
    emit_edge(t - 1u, from_state, state);
    emit_node(t - 1u, from_state);
    state = from_state;
  }
  if (t > 0u) {
    report(REPORT_LOOPS);
  }
  end_emit();
}
