// Spanning tree by one workgroup (Borůvka 1926): every component takes the best edge that leaves it: the least key, then
// the least index that has it, by atomics. Lanes have every WORKGROUP_SIZE-th edge and vertex.
// Between barriers one of sh_key, sh_edge, sh_parent, sh_component is written, and the others are read.

var<workgroup> sh_component: array<u32, SHARED_VERTICES>;
var<workgroup> sh_key: array<atomic<u32>, SHARED_VERTICES>;
var<workgroup> sh_edge: array<atomic<u32>, SHARED_VERTICES>;
var<workgroup> sh_parent: array<u32, SHARED_VERTICES>;
var<workgroup> sh_taken: atomic<u32>;
var<workgroup> sh_done: u32;

fn components_of(edge: u32) -> vec2u {
  let ends = ends_of(edge);
  return vec2u(sh_component[ends.x], sh_component[ends.y]);
}

fn solve(lane: u32) {
  if (lane == 0u) {
    atomicStore(&sh_taken, 0u);
  }
  for (var v = lane; v < vertices(); v += WORKGROUP_SIZE) {
    sh_component[v] = v;
  }
  for (var round = 0u; round < ROUNDS; round++) {
    for (var v = lane; v < vertices(); v += WORKGROUP_SIZE) {
      atomicStore(&sh_key[v], NONE);
      atomicStore(&sh_edge[v], NONE);
    }
    workgroupBarrier();
    for (var edge = lane; edge < size(); edge += WORKGROUP_SIZE) {
      let sides = components_of(edge);
      if (sides.x != sides.y) {
        let key = key_of(edge);
        atomicMin(&sh_key[sides.x], key);
        atomicMin(&sh_key[sides.y], key);
      }
    }
    workgroupBarrier();
    for (var edge = lane; edge < size(); edge += WORKGROUP_SIZE) {
      let sides = components_of(edge);
      if (sides.x != sides.y) {
        let key = key_of(edge);
        if (key == atomicLoad(&sh_key[sides.x])) {
          atomicMin(&sh_edge[sides.x], edge);
        }
        if (key == atomicLoad(&sh_key[sides.y])) {
          atomicMin(&sh_edge[sides.y], edge);
        }
      }
    }
    workgroupBarrier();
    for (var c = lane; c < vertices(); c += WORKGROUP_SIZE) {
      var joins = c;
      let edge = atomicLoad(&sh_edge[c]);
      if (edge != NONE) {
        let sides = components_of(edge);
        let other = sides.x + sides.y - c;
        // Two that chose the same edge take it once.
        if (atomicLoad(&sh_edge[other]) != edge || other < c) {
          joins = other;
          emit(edge, 1);
          atomicAdd(&sh_taken, 1u);
        }
      }
      sh_parent[c] = joins;
    }
    workgroupBarrier();
    for (var v = lane; v < vertices(); v += WORKGROUP_SIZE) {
      var c = sh_component[v];
      for (var step = 0u; step < vertices() && sh_parent[c] != c; step++) {
        c = sh_parent[c];
      }
      sh_component[v] = c;
    }
    if (lane == 0u) {
      sh_done = select(0u, 1u, atomicLoad(&sh_taken) + 1u == vertices());
    }
    if (workgroupUniformLoad(&sh_done) == 1u) {
      break;
    }
  }
  if (lane == 0u && atomicLoad(&sh_taken) + 1u != vertices()) {
    report(REPORT_DISCONNECTED);
  }
}
