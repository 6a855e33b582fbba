// Weights [edges, K, K]: every step has transitions of its own.

fn states() -> u32 {
  return extent(2u);
}

fn positions() -> u32 {
  return extent(0u) + 1u;
}

// Words of counts in the workspace.
fn counted() -> u32 {
  return 0u;
}

fn node(t: u32, j: u32) -> f32 {
  return 0.0;
}

fn edge_index(t: u32, i: u32, j: u32) -> u32 {
  return (t * states() + i) * states() + j;
}

fn edge(t: u32, i: u32, j: u32) -> f32 {
  return weight(edge_index(t, i, j));
}

fn begin_emit() {}

fn emit_node(t: u32, j: u32) {}

fn emit_edge(t: u32, i: u32, j: u32) {
  emit(edge_index(t, i, j), 1);
}

fn end_emit() {}
