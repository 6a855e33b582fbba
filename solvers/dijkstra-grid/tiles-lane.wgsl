// A tile settled by one invocation.

fn settle_tile(first: u32) -> Settled {
  let last = i32(TILE);
  return settle(first, Sweeps(-1, last, false, -1, last));
}

// The neighbours of a tile, by direction (see neighbour), that must be settled again after these of its sides changed.
fn touched(sides: u32, direction: u32) -> bool {
  let place = direction + select(0u, 1u, direction >= 4u);
  let row = place / 3u;
  let column = place % 3u;
  let vertical = select(select(0u, BELOW, row == 2u), ABOVE, row == 0u);
  let horizontal = select(select(0u, RIGHT, column == 2u), LEFT, column == 0u);
  return ((vertical | horizontal) & ~sides) == 0u;
}

fn tile_beside(tile: u32, direction: u32) -> u32 {
  let place = direction + select(0u, 1u, direction >= 4u);
  return tile + (place / 3u) * RING_COLUMNS + place % 3u - RING_COLUMNS - 1u;
}
