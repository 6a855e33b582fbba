// Shortest path in a graph whose edges are grouped by the vertex they leave (CSR): what both strategies share.
// `distance_at(v)` is the distance of v to the goal, as the bits of an f32 (their order is that of the numbers):
// distance_at(v) = min over edges v → t of fl(cost + distance_at(t)), iterated from FAR, whose greatest fixpoint does not
// depend on the order of updates. Then `hops_at(v)`, in the same way, over the edges by which that minimum is reached.
// An owner alone writes a vertex. The costs, drawn once, are in the workspace, at `cost_at(edge)`.

const REPORT_NEGATIVE: u32 = 1u;
const REPORT_UNREACHABLE: u32 = 2u;
const REPORT_GRAPH: u32 = 3u;
const REPORT_VERTEX: u32 = 4u;
const REPORT_BOUND: u32 = 5u;

// Farther than any path; sums of two are still numbers.
const FAR: f32 = 1e38;
// Beyond it costs are equal, so that no path of 2,000 edges reaches FAR.
const LARGEST_COST: f32 = 1e34;
const SMALLEST_NORMAL: u32 = 0x00800000u;

const NO_HOPS: u32 = 0xffffffu;

fn vertex_of(given: bool, vertex: i32, otherwise: u32) -> u32 {
  let inside = clamp(vertex, 0, i32(parameter_vertices()) - 1);
  if (given && inside != vertex) {
    report(REPORT_VERTEX);
  }
  return select(otherwise, u32(inside), given);
}

fn start_vertex() -> u32 {
  return vertex_of(has_start(), input_start(0u), 0u);
}

fn goal_vertex() -> u32 {
  return vertex_of(has_goal(), input_goal(0u), parameter_vertices() - 1u);
}

// The edges that leave a vertex: [x, y).
fn edges_of(v: u32) -> vec2u {
  let given = vec2i(input_offsets(v), input_offsets(v + 1u));
  let inside = clamp(given, vec2i(), vec2i(i32(size())));
  if (any(given != inside) || given.x > given.y) {
    report(REPORT_GRAPH);
  }
  return vec2u(inside);
}

fn target_of(edge: u32) -> u32 {
  let given = input_targets(edge);
  let inside = clamp(given, 0, i32(parameter_vertices()) - 1);
  if (given != inside) {
    report(REPORT_GRAPH);
  }
  return u32(inside);
}

// Costs as bits, whose order is that of the numbers; below zero, −0 and too small for a normal f32 count as 0.
fn cost_bits(weights: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(clamp(bitcast<vec4i>(weights), vec4i(), vec4i(bitcast<i32>(LARGEST_COST))));
  return select(bits, vec4u(), bits < vec4u(SMALLEST_NORMAL));
}

fn draw_costs(q: u32) {
  let weights = weight4(q);
  let index = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u);
  if (NEGATIVE_IS_ERROR && any((weights < vec4f()) & (index < vec4u(size())))) {
    report(REPORT_NEGATIVE);
  }
  let bits = cost_bits(weights);
  for (var j = 0u; j < 4u; j++) {
    work_store(cost_at(4u * q + j), bits[j]);
  }
}

fn through(edge: u32) -> u32 {
  return bitcast<u32>(bitcast<f32>(work_load(cost_at(edge))) + bitcast<f32>(distance_at(target_of(edge))));
}

fn nearest(v: u32) -> u32 {
  let edges = edges_of(v);
  var least = bitcast<u32>(FAR);
  for (var edge = edges.x; edge < edges.y; edge++) {
    least = min(least, through(edge));
  }
  return least;
}

fn fewest(v: u32) -> u32 {
  let own = distance_at(v);
  let edges = edges_of(v);
  var least = NO_HOPS;
  for (var edge = edges.x; edge < edges.y; edge++) {
    if (through(edge) == own) {
      least = min(least, hops_at(target_of(edge)) + 1u);
    }
  }
  return least;
}

// From the start on, by the first edge that is on a nearest path of the fewest hops.
fn follow_path(start: u32, goal: u32) {
  if (distance_at(start) >= bitcast<u32>(FAR)) {
    report(REPORT_UNREACHABLE);
    return;
  }
  var v = start;
  for (var hops = 0u; hops < parameter_vertices() && v != goal; hops++) {
    let edges = edges_of(v);
    var next = v;
    for (var edge = edges.x; edge < edges.y; edge++) {
      let onward = target_of(edge);
      if (through(edge) == distance_at(v) && hops_at(onward) + 1u == hops_at(v)) {
        emit(edge, 1);
        next = onward;
        break;
      }
    }
    v = next;
  }
  if (v != goal) {
    report(REPORT_BOUND);
  }
}
