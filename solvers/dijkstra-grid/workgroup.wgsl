// Shortest path on a grid by one workgroup; a lane owns every WORKGROUP_SIZE-th block of four cells, whose costs are in
// its registers. Layout of sh_words: distances with a ring of far cells around them, (HEIGHT + 2) × (WIDTH + 2); once
// the directions are known, those, and then the queue of the trace. Distances come by rounds (workgroup-rounds.wgsl).
// workgroup-blocks.ts supplies what is unrolled over a lane's blocks: draw_blocks, set_costs, start_blocks,
// relax_own, and the two steps of the directions.

var<workgroup> sh_lowest: atomic<u32>;

fn cell_of(place: vec2u) -> u32 {
  return place.x * PITCH + place.y;
}

fn put_on_path(cell: u32) {
  emit(cell, 1);
}

fn take_directions(cell: u32) -> u32 {
  let word = atomicLoad(&sh_words[cell >> 2u]);
  let shift = 8u * (cell & 3u);
  atomicStore(&sh_words[cell >> 2u], word & ~(255u << shift));
  return (word >> shift) & 255u;
}

fn queue_load(position: u32) -> Entry {
  let word = atomicLoad(&sh_words[BLOCKS + position]);
  return Entry(word & 4095u, (word >> 12u) & 4095u, word >> 24u);
}

fn queue_store(position: u32, entry: Entry) {
  let word = (entry.directions << 24u) | (entry.parent << 12u) | entry.cell;
  atomicStore(&sh_words[BLOCKS + position], word);
}

fn solve(lane: u32) {
  let start = cell_of(start_place());
  let goal = cell_of(goal_place());
  if (lane == 0u) {
    atomicStore(&sh_changed, 0u);
    atomicStore(&sh_lowest, 0u);
  }
  for (var i = lane; i < (HEIGHT + 2u) * RING_PITCH; i += WORKGROUP_SIZE) {
    atomicStore(&sh_words[i], FAR_BITS);
  }
  workgroupBarrier();
  draw_blocks(lane);
  workgroupBarrier();
  let least = bitcast<f32>(atomicLoad(&sh_lowest));
  if (lane == 0u && least < 0.0 && parameter_negative() == POLICY_ERROR) {
    report(REPORT_NEGATIVE);
  }
  set_costs(lane, select(0.0, least, parameter_negative() == POLICY_SHIFT));
  start_blocks(lane, start);
  workgroupBarrier();

  settle_rounds(lane, HEIGHT * WIDTH);
  find_directions(lane);
  tell_distances(lane);
  let distance = distance_at(ringed(goal));
  workgroupBarrier();
  keep_directions(lane);
  workgroupBarrier();
  if (lane == 0u) {
    let search = go_on(begin_search(start, goal), start, 8u * HEIGHT * WIDTH);
    let found = search.found & (distance < FAR_BITS);
    let walk = walk_on(Walk(select(0u, search.tail - 1u, found), 0u), HEIGHT * WIDTH);
    tell(found, goal, distance, walk.hops);
  }
}

// The most negative weight: below zero, the bits of a number grow as it falls.
fn note_lowest(weights: vec4f) {
  let lowest = min(min(weights.x, weights.y), min(weights.z, weights.w));
  if (lowest < 0.0) {
    atomicMax(&sh_lowest, bitcast<u32>(lowest));
  }
}

// What a block of weights costs, and which of its cells cannot be entered.
fn costs_of_block(block: u32, weights: vec4f) -> vec4u {
  var costs = cost_bits(weights);
  if (has_obstacles()) {
    for (var j = 0u; j < 4u; j++) {
      let cell = 4u * block + j;
      if (cell < HEIGHT * WIDTH && input_obstacles(cell) != 0.0) {
        costs[j] = FAR_BITS;
      }
    }
  }
  return costs;
}

// Where a cell's distance is within the ring.
fn ringed(cell: u32) -> u32 {
  return cell + 2u * (cell / WIDTH) + RING_PITCH + 1u;
}

fn relax_block(block: u32, costs: vec4u) -> bool {
  var changed = false;
  for (var j = 0u; j < 4u; j++) {
    let cell = 4u * block + j;
    if (cell < HEIGHT * WIDTH) {
      changed = relax_cell(ringed(cell), costs[j], FAR_BITS) || changed;
    }
  }
  return changed;
}

fn start_block(block: u32, costs: vec4u, start: u32) {
  if (block == start / 4u) {
    atomicStore(&sh_words[ringed(start)], first_distance(costs[start % 4u]));
  }
}

fn directions_of(block: u32, costs: vec4u) -> u32 {
  var directions = 0u;
  for (var j = 0u; j < 4u; j++) {
    let cell = 4u * block + j;
    if (cell < HEIGHT * WIDTH) {
      let place = ringed(cell);
      let reached = distance_at(place) < FAR_BITS;
      let own = nearest_directions(straight_of(place), across_of(place), costs[j]);
      directions |= select(0u, own, reached) << (8u * j);
    }
  }
  return directions;
}

fn keep_block(block: u32, directions: u32) {
  if (block < BLOCKS) {
    atomicStore(&sh_words[block], directions);
  }
}

fn tell_distances(lane: u32) {
  for (var cell = lane; cell < select(0u, HEIGHT * WIDTH, wants_distance()); cell += WORKGROUP_SIZE) {
    emit_distance(cell, distance_told(distance_at(ringed(cell))));
  }
}
