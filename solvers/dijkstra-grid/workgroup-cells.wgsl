// Distances in workgroup memory, sh_words, with a ring around them: what a cell has through its neighbours.

fn distance_at(place: u32) -> u32 {
  return atomicLoad(&sh_words[place]);
}

fn straight_of(place: u32) -> vec4u {
  return vec4u(
    distance_at(place - RING_PITCH),
    distance_at(place - 1u),
    distance_at(place + 1u),
    distance_at(place + RING_PITCH),
  );
}

fn across_of(place: u32) -> vec4u {
  if (NEIGHBOURS == 4u) {
    return vec4u(FAR_BITS);
  }
  return vec4u(
    distance_at(place - RING_PITCH - 1u),
    distance_at(place - RING_PITCH + 1u),
    distance_at(place + RING_PITCH - 1u),
    distance_at(place + RING_PITCH + 1u),
  );
}

fn distance_through(place: u32, cost: u32) -> u32 {
  let straight = least_of(straight_of(place));
  let across = least_of(across_of(place));
  if (EUCLIDEAN) {
    return min(plus(straight, cost), plus(across, across_cost(cost)));
  }
  return plus(min(straight, across), cost);
}

// Lowers a cell, where that is to no more than the limit. Only its owner may.
fn relax_cell(place: u32, cost: u32, limit: u32) -> bool {
  let through = distance_through(place, cost);
  if (through < distance_at(place) && through <= limit) {
    atomicStore(&sh_words[place], through);
    return true;
  }
  return false;
}
