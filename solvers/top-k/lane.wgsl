// Top-k of one row by one invocation, for small k: one run over the row, each weight drawn once, no workspace.
// The k largest (key, index) pairs so far are a sorted list in registers; top_k_insert shifts a pair in without a branch.
// A key must exceed those before it to pass them, so that of equal keys the lower index stays ahead.

fn solve() {
  top_k_start();
  let n = size();
  for (var base = 0u; base < n; base += 4u) {
    let keys = bitcast<vec4i>(top_k_block(base / 4u) ^ vec4u(0x80000000u));
    top_k_insert(keys.x, base);
    top_k_insert(keys.y, base + 1u);
    top_k_insert(keys.z, base + 2u);
    top_k_insert(keys.w, base + 3u);
  }
  top_k_emit(top_k_wanted());
}
