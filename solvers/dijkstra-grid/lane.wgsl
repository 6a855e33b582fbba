// Shortest path on a grid by one invocation, in four steps: costs into the workspace; distances, by `settle`
// (lane-rows.wgsl); the path, whose cells' directions are looked up in the distances as the search comes to them; the
// state, every cell once, so that nobody else needs to clear or finish it.
// Layout of the workspace: as [row][block of four words] distances, in which the search marks what it has taken; costs;
// the queue of the search, in place of the costs where the directions do not need them.

const COSTS: u32 = 4u * COST_BLOCKS;

fn cell_of(place: vec2u) -> u32 {
  return place.x * PITCH + place.y;
}

fn queue_load(position: u32) -> Entry {
  let word = work_load(QUEUE + position);
  return Entry(word & 4095u, (word >> 12u) & 4095u, word >> 24u);
}

fn queue_store(position: u32, entry: Entry) {
  work_store(QUEUE + position, (entry.directions << 24u) | (entry.parent << 12u) | entry.cell);
}

fn distance_at(cell: u32, outside: bool) -> u32 {
  return select(work_load(select(cell, 0u, outside)), FAR_BITS, outside);
}

fn take_directions(cell: u32) -> u32 {
  let own = work_load(cell);
  if (own >= FAR_BITS) {
    return 0u;
  }
  work_store(cell, own | TAKEN);
  let row = cell / PITCH;
  let column = cell % PITCH;
  let above = row == 0u;
  let below = row == HEIGHT - 1u;
  let left = column == 0u;
  let right = column == WIDTH - 1u;
  let straight = vec4u(
    distance_at(cell - PITCH, above),
    distance_at(cell - 1u, left),
    distance_at(cell + 1u, right),
    distance_at(cell + PITCH, below),
  );
  var across = vec4u(FAR_BITS);
  if (NEIGHBOURS == 8u) {
    across = vec4u(
      distance_at(cell - PITCH - 1u, above | left),
      distance_at(cell - PITCH + 1u, above | right),
      distance_at(cell + PITCH - 1u, below | left),
      distance_at(cell + PITCH + 1u, below | right),
    );
  }
  var cost = 0u;
  if (EUCLIDEAN) {
    cost = work_load(COSTS + cell);
  }
  return nearest_directions(straight, across, cost);
}

fn solve() {
  let start = start_place();
  let from_cell = cell_of(start);
  let goal_at = goal_place();
  let goal = cell_of(goal_at);
  let steps = settle_grid(start, goal_at);
  tell_distances();
  let distance = work_load(goal);
  let search = go_on(begin_search(from_cell, goal), from_cell, MOST_STEPS - steps);
  let found = search.found & (distance < FAR_BITS);
  if (!found && distance < FAR_BITS) {
    report(REPORT_BOUND);
  }
  let walk = walk_on(Walk(select(0u, search.tail - 1u, found), 0u), HEIGHT * WIDTH);
  tell(found, goal, distance, walk.hops);
  emit_states();
}

// What can be part of a path to the goal as near as the nearest so far: every row on the way costs the least cost at
// least. Distances are rounded once a step, 2⁻²⁴ of them each, at most 4,096 times: so much, and four times more, is
// left over (README: why farther distances do not matter).
struct Aim { cell: u32, row: i32, least_cost: f32 }

var<private> aim: Aim;

fn limit_of(row: i32) -> u32 {
  if (wants_distance()) {
    return FAR_BITS;
  }
  let bound = bitcast<f32>(work_load(aim.cell));
  let rest = aim.least_cost * f32(abs(row - aim.row));
  return bitcast<u32>(max(bound * 1.001 - rest * 0.999, 0.0));
}

// Costs into the workspace, then distances from row to row.
fn settle_grid(start: vec2u, goal: vec2u) -> u32 {
  let least_cost = load_costs();
  work_store(cell_of(goal), FAR_BITS);
  aim = Aim(cell_of(goal), i32(goal.x), least_cost);
  return settle_from(start);
}

fn settle_from(start: vec2u) -> u32 {
  let row = i32(start.x);
  let first = source_row(start.y, first_distance(work_load(COSTS + cell_of(start))));
  store_row(start.x * ROW_BLOCKS, first);
  let settled = settle(0u, Sweeps(row, row + 1, row, row));
  // What obstacles cut off has not been visited.
  for (var beyond = 0i; beyond < settled.visited_from; beyond++) {
    store_row(u32(beyond) * ROW_BLOCKS, far_row());
  }
  for (var beyond = settled.visited_to + 1; beyond < i32(HEIGHT); beyond++) {
    store_row(u32(beyond) * ROW_BLOCKS, far_row());
  }
  return settled.steps;
}

// Draws every weight once. The least cost of a cell.
fn load_costs() -> f32 {
  let shifts = parameter_negative() == POLICY_SHIFT;
  var lowest = vec4f(LARGEST_COST);
  for (var q = 0u; q < WEIGHT_BLOCKS; q++) {
    let weights = weight4(q);
    lowest = min(lowest, weights);
    store_costs(q, select(cost_bits(weights), bitcast<vec4u>(weights), shifts));
  }
  let lowest_weight = min(min(lowest.x, lowest.y), min(lowest.z, lowest.w));
  let least = min(lowest_weight, 0.0);
  if (least < 0.0 && parameter_negative() == POLICY_ERROR) {
    report(REPORT_NEGATIVE);
  }
  for (var q = 0u; q < select(0u, HEIGHT * ROW_BLOCKS, shifts); q++) {
    let block = COST_BLOCKS + q;
    work_store4(block, cost_bits(bitcast<vec4f>(work_load4(block)) - least));
  }
  for (var i = 0u; i < select(0u, HEIGHT * WIDTH, has_obstacles()); i++) {
    if (input_obstacles(i) != 0.0) {
      work_store(COSTS + (i / WIDTH) * PITCH + i % WIDTH, FAR_BITS);
    }
  }
  return bitcast<f32>(cost_bits(vec4f(lowest_weight)).x);
}

// Blocks of weights lie like those of rows, unless they straddle them.
fn store_costs(q: u32, bits: vec4u) {
  if (WIDTH % 4u == 0u) {
    work_store4(COST_BLOCKS + q, bits);
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    let i = 4u * q + j;
    if (i < HEIGHT * WIDTH) {
      work_store(COSTS + (i / WIDTH) * PITCH + i % WIDTH, bits[j]);
    }
  }
}

// A word of the path is of eight blocks; those beyond the last are nobody's.
fn emit_states() {
  for (var word = 0u; word < (WEIGHT_BLOCKS + 7u) / 8u; word++) {
    let bits = next_of_path();
    for (var j = 0u; j < 8u; j++) {
      emit4(8u * word + j, vec4i((vec4u(bits >> (4u * j)) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)));
    }
  }
}

fn tell_distances() {
  for (var i = 0u; i < select(0u, HEIGHT * WIDTH, wants_distance()); i++) {
    emit_distance(i, distance_told(work_load((i / WIDTH) * PITCH + i % WIDTH)));
  }
}
