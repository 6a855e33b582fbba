// Weights [T + K, K]: a row of scores a position, then the transitions that all steps share, of which the
// state has the counts.

fn states() -> u32 {
  return extent(1u);
}

fn positions() -> u32 {
  return extent(0u) - extent(1u);
}

// Words of counts in the workspace.
fn counted() -> u32 {
  return states() * states();
}

fn node(t: u32, j: u32) -> f32 {
  return weight(t * states() + j);
}

fn edge(t: u32, i: u32, j: u32) -> f32 {
  return weight((positions() + i) * states() + j);
}

fn count_at(i: u32, j: u32) -> u32 {
  return positions() * states() + i * states() + j;
}

fn begin_emit() {
  for (var k = 0u; k < states() * states(); k++) {
    work_store(count_at(0u, k), 0u);
  }
}

fn emit_node(t: u32, j: u32) {
  emit(t * states() + j, 1);
}

fn emit_edge(t: u32, i: u32, j: u32) {
  work_store(count_at(i, j), work_load(count_at(i, j)) + 1u);
}

fn end_emit() {
  for (var k = 0u; k < states() * states(); k++) {
    let count = work_load(count_at(0u, k));
    if (count > 0u) {
      emit(positions() * states() + k, i32(count));
    }
  }
}
