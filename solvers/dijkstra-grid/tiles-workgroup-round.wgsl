// The same round by workgroups, a tile each; a lane owns one block of four cells, whose costs are in its registers.
// Layout of sh_words: the tile's distances with a ring of its neighbours' outermost cells, which nobody writes.
// Between barriers, in rounds as in workgroup.wgsl: owners lower their cells; any lane raises sh_changed, lane 0 lowers
// it.

var<workgroup> sh_words: array<atomic<u32>, SHARED_WORDS>;
var<workgroup> sh_changed: atomic<u32>;
var<workgroup> sh_sides: atomic<u32>;
var<workgroup> sh_go_on: u32;

fn own_distances(place: u32) -> vec4u {
  return vec4u(distance_at(place), distance_at(place + 1u), distance_at(place + 2u), distance_at(place + 3u));
}

fn relax_own(place: u32, costs: vec4u, limit: u32) -> bool {
  var changed = false;
  for (var j = 0u; j < 4u; j++) {
    changed = relax_cell(place + j, costs[j], limit) || changed;
  }
  return changed;
}

fn solve(lane: u32, part: u32) {
  let turn = turn_of(part);
  if (lane == 0u) {
    sh_go_on = u32(turn.exists && is_due(turn.tile, tile_state(turn.tile)));
    atomicStore(&sh_changed, 0u);
    atomicStore(&sh_sides, 0u);
  }
  if (workgroupUniformLoad(&sh_go_on) == 0u) {
    return;
  }
  aim_from(turn.tile);
  let row = lane / (TILE / 4u);
  let column = lane % (TILE / 4u);
  let limit = limit_of(i32(row));
  let first = first_block_of(turn.tile);
  let block = first + row * ROW_BLOCKS + column;
  let costs = work_load4(COST_BLOCKS + block);
  // The ring's first cell lies one row above and one column to the left of the tile's.
  let ring = 4u * (first - ROW_BLOCKS) - 1u;
  for (var i = lane; i < RING_PITCH * RING_PITCH; i += WORKGROUP_SIZE) {
    atomicStore(&sh_words[i], work_load(ring + (i / RING_PITCH) * 4u * ROW_BLOCKS + i % RING_PITCH));
  }
  workgroupBarrier();
  let place = (row + 1u) * RING_PITCH + 4u * column + 1u;
  let before = own_distances(place);

  // Every round settles at least one cell more.
  for (var round = 0u; round < TILE * TILE; round++) {
    var changed = false;
    for (var turns = 0u; turns < TURNS_OF_LANE; turns++) {
      changed = relax_own(place, costs, limit) || changed;
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

  let after = own_distances(place);
  let changed = before != after;
  work_store4(block, after);
  var sides = select(0u, LEFT, changed.x & (column == 0u)) | select(0u, RIGHT, changed.w & (column == TILE / 4u - 1u));
  sides |= select(0u, select(0u, ABOVE, row == 0u) | select(0u, BELOW, row == TILE - 1u), any(changed));
  if (sides != 0u) {
    atomicOr(&sh_sides, sides);
  }
  workgroupBarrier();
  if (lane == 0u) {
    note_settled(turn.tile, atomicLoad(&sh_sides), false);
  }
}
