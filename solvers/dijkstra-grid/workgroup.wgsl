// Shortest path on a grid by one workgroup; a lane owns every WORKGROUP_SIZE-th block of four cells, whose costs are in
// its registers. Layout of sh_words: distances with a ring of far cells around them, (HEIGHT + 2) × (WIDTH + 2); once
// the directions are known, those, and then the queue of the trace.
// Rounds: lanes lower their cells by what they read of the neighbours, several times and without waiting. Only the owner
// writes a cell, and distances only fall, so any order leads to the same fixpoint (README). It is reached when a round
// changed nothing. Between barriers, in rounds: owners write sh_words; any lane raises sh_changed, lane 0 lowers it.
// workgroup-blocks.ts supplies what is unrolled over a lane's blocks: draw_blocks, set_costs, start_blocks,
// relax_blocks, and the two steps of the directions.

var<workgroup> sh_words: array<atomic<u32>, SHARED_WORDS>;
var<workgroup> sh_changed: atomic<u32>;
var<workgroup> sh_lowest: atomic<u32>;
var<workgroup> sh_go_on: u32;

fn directions_load(word: u32) -> u32 {
  return atomicLoad(&sh_words[word]);
}

fn directions_store(word: u32, directions: u32) {
  atomicStore(&sh_words[word], directions);
}

fn queue_load(position: u32) -> u32 {
  return atomicLoad(&sh_words[BLOCKS + position]);
}

fn queue_store(position: u32, entry: u32) {
  atomicStore(&sh_words[BLOCKS + position], entry);
}

fn solve(lane: u32) {
  let start = cell_of(start_place());
  if (lane == 0u) {
    atomicStore(&sh_changed, 0u);
    atomicStore(&sh_lowest, 0u);
  }
  for (var i = lane; i < (HEIGHT + 2u) * (WIDTH + 2u); i += WORKGROUP_SIZE) {
    atomicStore(&sh_words[i], bitcast<u32>(FAR));
  }
  workgroupBarrier();
  draw_blocks(lane);
  workgroupBarrier();
  let least = bitcast<f32>(atomicLoad(&sh_lowest));
  if (lane == 0u && least < 0.0 && parameter_negative() == POLICY_ERROR) {
    report(REPORT_NEGATIVE);
  }
  set_costs(select(0.0, least, parameter_negative() == POLICY_SHIFT));
  start_blocks(lane, start);
  workgroupBarrier();

  // Every round settles at least one cell more.
  for (var round = 0u; round < HEIGHT * WIDTH; round++) {
    var changed = false;
    for (var turn = 0u; turn < TURNS; turn++) {
      changed = relax_blocks(lane) || changed;
    }
    if (changed) {
      atomicStore(&sh_changed, 1u);
    }
    workgroupBarrier();
    if (lane == 0u) {
      sh_go_on = atomicLoad(&sh_changed);
      atomicStore(&sh_changed, 0u);
    }
    if (workgroupUniformLoad(&sh_go_on) == 0u) {
      break;
    }
  }

  find_directions(lane);
  workgroupBarrier();
  keep_directions(lane);
  workgroupBarrier();
  if (lane == 0u) {
    trace_path(start, cell_of(goal_place()), 8u * HEIGHT * WIDTH);
  }
}

// The most negative weight: below zero, the bits of a number grow as it falls.
fn note_lowest(weights: vec4f) {
  let lowest = min(min(weights.x, weights.y), min(weights.z, weights.w));
  if (lowest < 0.0) {
    atomicMax(&sh_lowest, bitcast<u32>(lowest));
  }
}

// Where a cell's distance is within the ring.
fn ringed(cell: u32) -> u32 {
  return cell + 2u * (cell / WIDTH) + WIDTH + 3u;
}

fn distance_at(place: u32) -> u32 {
  return atomicLoad(&sh_words[place]);
}

fn relax_block(block: u32, costs: vec4u) -> bool {
  var changed = false;
  for (var j = 0u; j < 4u; j++) {
    let cell = 4u * block + j;
    if (cell < HEIGHT * WIDTH) {
      let place = ringed(cell);
      let through = bitcast<u32>(bitcast<f32>(nearest_around(place)) + bitcast<f32>(costs[j]));
      if (through < distance_at(place)) {
        atomicStore(&sh_words[place], through);
        changed = true;
      }
    }
  }
  return changed;
}

fn start_block(block: u32, costs: vec4u, start: u32) {
  if (block == start / 4u) {
    atomicStore(&sh_words[ringed(start)], costs[start % 4u]);
  }
}

fn directions_of(block: u32) -> u32 {
  var directions = 0u;
  for (var j = 0u; j < 4u; j++) {
    let cell = 4u * block + j;
    if (cell < HEIGHT * WIDTH) {
      directions |= directions_around(ringed(cell)) << (8u * j);
    }
  }
  return directions;
}

fn keep_block(block: u32, directions: u32) {
  if (block < BLOCKS) {
    directions_store(block, directions);
  }
}
