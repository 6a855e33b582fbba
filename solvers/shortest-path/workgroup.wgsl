// A shortest path by one workgroup; a lane has every WORKGROUP_SIZE-th vertex, of which it alone writes distance and
// hops, in workgroup memory. Rounds go on until one changed nothing. Between barriers, in rounds: owners lower their
// values, any lane raises sh_changed; lane 0 lowers it.

fn cost_at(edge: u32) -> u32 {
  return edge;
}

var<workgroup> sh_distances: array<atomic<u32>, SHARED_VERTICES>;
var<workgroup> sh_hops: array<atomic<u32>, SHARED_VERTICES>;
var<workgroup> sh_changed: atomic<u32>;
var<workgroup> sh_go_on: u32;

fn distance_at(v: u32) -> u32 {
  return atomicLoad(&sh_distances[v]);
}

fn hops_at(v: u32) -> u32 {
  return atomicLoad(&sh_hops[v]);
}

fn lower_all(lane: u32, goal: u32, hops: bool) {
  for (var v = lane; v < parameter_vertices(); v += WORKGROUP_SIZE) {
    if (v != goal) {
      var before = 0u;
      var lower = 0u;
      if (hops) {
        before = hops_at(v);
        lower = fewest(v);
      } else {
        before = distance_at(v);
        lower = nearest(v);
      }
      if (lower < before) {
        atomicStore(&sh_changed, 1u);
        if (hops) {
          atomicStore(&sh_hops[v], lower);
        } else {
          atomicStore(&sh_distances[v], lower);
        }
      }
    }
  }
}

fn settle(lane: u32, goal: u32, hops: bool) {
  for (var round = 0u; round < parameter_vertices(); round++) {
    lower_all(lane, goal, hops);
    workgroupBarrier();
    if (lane == 0u) {
      sh_go_on = atomicLoad(&sh_changed);
      atomicStore(&sh_changed, 0u);
    }
    if (workgroupUniformLoad(&sh_go_on) == 0u) {
      break;
    }
  }
}

fn solve(lane: u32) {
  let goal = goal_vertex();
  if (lane == 0u) {
    atomicStore(&sh_changed, 0u);
  }
  for (var q = lane; q < (size() + 3u) / 4u; q += WORKGROUP_SIZE) {
    draw_costs(q);
  }
  for (var v = lane; v < parameter_vertices(); v += WORKGROUP_SIZE) {
    atomicStore(&sh_distances[v], select(bitcast<u32>(FAR), 0u, v == goal));
    atomicStore(&sh_hops[v], select(NO_HOPS, 0u, v == goal));
  }
  storageBarrier();
  workgroupBarrier();
  settle(lane, goal, false);
  settle(lane, goal, true);
  if (lane == 0u) {
    if (sh_go_on != 0u) {
      report(REPORT_BOUND);
    }
    follow_path(start_vertex(), goal);
  }
}
