// Spanning tree of a list of edges by one invocation (Borůvka 1926): every component takes the best edge that leaves it,
// until there is one component, or no edge that leaves. Layout of the workspace, n words each: the component of a
// vertex; of a component its best key, its best edge, and the component that it joins.

fn component(v: u32) -> u32 {
  return work_load(v);
}

fn best_edge(c: u32) -> u32 {
  return work_load(2u * vertices() + c);
}

fn parent(c: u32) -> u32 {
  return work_load(3u * vertices() + c);
}

// Edges come in order of index, so an equal key does not pass.
fn offer(c: u32, key: u32, edge: u32) {
  if (key < work_load(vertices() + c)) {
    work_store(vertices() + c, key);
    work_store(2u * vertices() + c, edge);
  }
}

fn solve() {
  for (var v = 0u; v < vertices(); v++) {
    work_store(v, v);
  }
  var taken = 0u;
  for (var round = 0u; round < ROUNDS; round++) {
    for (var v = 0u; v < vertices(); v++) {
      work_store(vertices() + v, NONE);
      work_store(2u * vertices() + v, NONE);
    }
    for (var edge = 0u; edge < size(); edge++) {
      let ends = ends_of(edge);
      let a = component(ends.x);
      let b = component(ends.y);
      if (a != b) {
        let key = key_of(edge);
        offer(a, key, edge);
        offer(b, key, edge);
      }
    }
    let before = taken;
    for (var c = 0u; c < vertices(); c++) {
      var joins = c;
      let edge = best_edge(c);
      if (edge != NONE) {
        let ends = ends_of(edge);
        let other = component(ends.x) + component(ends.y) - c;
        // Two that chose the same edge take it once.
        if (best_edge(other) != edge || other < c) {
          joins = other;
          emit(edge, 1);
          taken++;
        }
      }
      work_store(3u * vertices() + c, joins);
    }
    if (taken == before || taken + 1u == vertices()) {
      break;
    }
    for (var v = 0u; v < vertices(); v++) {
      var c = component(v);
      for (var step = 0u; step < vertices(); step++) {
        let above = parent(c);
        if (above == c) {
          break;
        }
        // Half of the way is cut for those that come after.
        work_store(3u * vertices() + c, parent(above));
        c = above;
      }
      work_store(v, c);
    }
  }
  if (taken + 1u != vertices()) {
    report(REPORT_DISCONNECTED);
  }
}
