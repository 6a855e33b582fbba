// Top-k of one row by one invocation, for small k: one run over the row, each weight drawn once, no workspace.
// The k largest (key, index) pairs so far are a sorted list in registers. A key must exceed those before it to pass them,
// so that of equal keys the lower index stays ahead.

fn solve() {
  top_k_start();
  let blocks = (size() + 3u) / 4u;
  for (var q = 0u; q < blocks; q++) {
    top_k_insert_block(q);
  }
  top_k_emit(top_k_wanted());
}
