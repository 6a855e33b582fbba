// Top-k of one row by one invocation, for k small beside n: an insertion for every four weights, and 4·k more. The k
// blocks of four with the largest maxima, the first of equal ones, hold all of the k largest weights: README.md says why.
// They come in the order of their maxima and are drawn again, each weight at most twice; no workspace.

fn solve() {
  blocks_start();
  let blocks = (size() + 3u) / 4u;
  for (var q = 0u; q < blocks; q++) {
    let keys = list_block(q);
    let pairs = max(keys.xy, keys.zw);
    blocks_insert(max(pairs.x, pairs.y), q);
  }
  top_k_start();
  for (; blocks_any(); blocks_pop()) {
    top_k_insert_block(blocks_index_0);
  }
  top_k_emit(top_k_wanted());
}
