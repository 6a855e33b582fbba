// A shortest path by one invocation: sweeps over the vertices in which a new distance serves at once. Layout of the
// workspace: distances, hops, a word that says whether the last sweep changed nothing, costs.

fn settled_at() -> u32 {
  return 2u * parameter_vertices();
}

fn cost_at(edge: u32) -> u32 {
  return 2u * parameter_vertices() + 1u + edge;
}

fn distance_at(v: u32) -> u32 {
  return work_load(v);
}

fn hops_at(v: u32) -> u32 {
  return work_load(parameter_vertices() + v);
}

fn begin() {
  for (var q = 0u; q < (size() + 3u) / 4u; q++) {
    draw_costs(q);
  }
  let goal = goal_vertex();
  for (var v = 0u; v < parameter_vertices(); v++) {
    work_store(v, select(bitcast<u32>(FAR), 0u, v == goal));
    work_store(parameter_vertices() + v, select(NO_HOPS, 0u, v == goal));
  }
  work_store(settled_at(), 0u);
}

// Sweeps over the distances (HOPS false) or the hops, until nothing changes or the pass's share is done.
fn sweep(hops: bool) {
  let goal = goal_vertex();
  let most_turns = LOOP_ITERATIONS / (size() + 2u * parameter_vertices());
  for (var turn = 0u; turn < most_turns && work_load(settled_at()) == 0u; turn++) {
    work_store(settled_at(), 1u);
    for (var v = 0u; v < parameter_vertices(); v++) {
      var lower = 0u;
      if (hops) {
        lower = fewest(v);
      } else {
        lower = nearest(v);
      }
      let place = select(v, parameter_vertices() + v, hops);
      if (v != goal && lower < work_load(place)) {
        work_store(place, lower);
        work_store(settled_at(), 0u);
      }
    }
  }
}

fn check_settled() {
  if (work_load(settled_at()) == 0u) {
    report(REPORT_BOUND);
  }
}
