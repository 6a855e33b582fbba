// Spanning tree of a complete graph by one invocation (Prim 1957): every vertex outside of the tree has the best edge
// that leads to it; the best of those is taken, n − 1 times. Layout of the workspace: keys, then edges (NONE in
// the tree).

fn solve() {
  for (var v = 0u; v < vertices(); v++) {
    work_store(v, NONE);
    work_store(vertices() + v, select(v, NONE, v == 0u));
  }
  var added = 0u;
  for (var step = 1u; step < vertices(); step++) {
    var next = 0u;
    var next_key = NONE;
    var next_edge = NONE;
    for (var v = 0u; v < vertices(); v++) {
      var edge = work_load(vertices() + v);
      if (edge != NONE) {
        var key = work_load(v);
        let through = min(v, added) * vertices() + max(v, added);
        let own = key_of(through);
        if (own < key || (own == key && through < edge)) {
          key = own;
          edge = through;
          work_store(v, key);
          work_store(vertices() + v, edge);
        }
        if (key < next_key || (key == next_key && edge < next_edge)) {
          next = v;
          next_key = key;
          next_edge = edge;
        }
      }
    }
    emit(next_edge, 1);
    work_store(vertices() + next, NONE);
    added = next;
  }
}
