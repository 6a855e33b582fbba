// The same round by workgroups, a tile each; a lane owns one block of four cells, whose costs are in its registers.
// Layout of sh_words: the tile's distances with a ring of its neighbours' outermost cells, which nobody writes.
// Distances come by rounds (workgroup-rounds.wgsl).

var<workgroup> sh_sides: atomic<u32>;

// Where a lane's block lies in sh_words, its costs, and how far its changes count.
var<private> own_place: u32;
var<private> own_costs: vec4u;
var<private> own_limit: u32;

fn own_distances(place: u32) -> vec4u {
  return vec4u(distance_at(place), distance_at(place + 1u), distance_at(place + 2u), distance_at(place + 3u));
}

fn relax_own(lane: u32) -> bool {
  var changed = false;
  for (var j = 0u; j < 4u; j++) {
    changed = relax_cell(own_place + j, own_costs[j], own_limit) || changed;
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
  own_limit = limit_of(i32(row));
  let first = first_block_of(turn.tile);
  let block = first + row * ROW_BLOCKS + column;
  own_costs = work_load4(COST_BLOCKS + block);
  // The ring's first cell lies one row above and one column to the left of the tile's.
  let ring = 4u * (first - ROW_BLOCKS) - 1u;
  for (var i = lane; i < RING_PITCH * RING_PITCH; i += WORKGROUP_SIZE) {
    atomicStore(&sh_words[i], work_load(ring + (i / RING_PITCH) * 4u * ROW_BLOCKS + i % RING_PITCH));
  }
  workgroupBarrier();
  own_place = (row + 1u) * RING_PITCH + 4u * column + 1u;
  let before = own_distances(own_place);

  settle_rounds(lane, TILE * TILE);
  let after = own_distances(own_place);
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
