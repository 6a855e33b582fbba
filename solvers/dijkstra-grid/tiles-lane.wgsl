// A tile settled by one invocation.

// What of it can be part of a path to the goal as near as one that is known: bound, rows from the tile's first to the
// goal's, columns from the nearest of its own. Up to 2²⁰ sums, each of which rounds 2⁻²⁴ of itself away, may have lost
// 6 % (README: why farther distances do not matter).
struct Aim { bound: f32, least_cost: f32, rows: i32, columns: i32 }

var<private> aim: Aim;

fn limit_of(row: i32) -> u32 {
  if (wants_distance()) {
    return FAR_BITS;
  }
  let rest = aim.least_cost * f32(max(abs(aim.rows - row), aim.columns));
  return bitcast<u32>(clamp(aim.bound * 1.07 - rest * 0.999, 0.0, FAR));
}

fn settle_tile(tile: u32) -> Settled {
  let goal = goal_place();
  let place = vec2u(tile / RING_COLUMNS - 1u, tile % RING_COLUMNS - 1u);
  let last = i32(TILE);
  // The goal's distance so far, unless its tile may be settled at this time by another invocation.
  let goals = goal / TILE;
  let other = any(goals != place) & all(goals % 2u == place % 2u);
  let known = min(work_load(BOUND), work_load(select(cell_of(goal), BOUND, other)));
  let away = vec2i(goal) - vec2i(place * TILE);
  let columns = max(max(-away.y, away.y - last + 1), 0);
  aim = Aim(bitcast<f32>(known), bitcast<f32>(work_load(LEAST_COST)), away.x, columns);
  return settle(first_block_of(tile), Sweeps(-1, last, false, -1, last));
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

// Whether a neighbour has changed since, or what is wanted has not been done.
fn is_due(tile: u32, state: TileState) -> bool {
  var latest = state.wants;
  for (var direction = 0u; direction < 8u; direction++) {
    // From a neighbour's side, the tile lies in the opposite direction.
    latest = max(latest, changed_at(tile_beside(tile, direction), 7u - direction));
  }
  return latest > state.settled;
}

fn tile_beside(tile: u32, direction: u32) -> u32 {
  let place = direction + select(0u, 1u, direction >= 4u);
  return tile + (place / 3u) * RING_COLUMNS + place % 3u - RING_COLUMNS - 1u;
}
