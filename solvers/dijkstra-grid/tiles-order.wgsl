// Which tiles are settled when, and how far it matters.

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

// The tile that a part of a dispatch of the rounds is, or none. A dispatch takes one of four colours: every second tile
// of every second row, so that no two of them touch.
struct Turn { exists: bool, tile: u32 }

fn turn_of(part: u32) -> Turn {
  let colour = repetition() % 4u;
  let columns = (TILE_COLUMNS + 1u) / 2u;
  let row = 2u * (part / columns) + colour / 2u;
  let column = 2u * (part % columns) + colour % 2u;
  return Turn(row < TILE_ROWS && column < TILE_COLUMNS, tile_number(row, column));
}

// A tile was settled in this dispatch, and is to be `again` where something is left; these of its sides changed.
fn note_settled(tile: u32, sides: u32, again: bool) {
  let now = repetition() + 1u;
  set_tile_state(tile, TileState(now, select(0u, now + 1u, again), false));
  for (var half = 0u; half < 2u; half++) {
    let block = TILE_BLOCKS + 3u * tile + 1u + half;
    var times = work_load4(block);
    for (var j = 0u; j < 4u; j++) {
      times[j] = select(times[j], now, touched(sides, 4u * half + j));
    }
    work_store4(block, times);
  }
}

// What of a tile can be part of a path to the goal as near as one that is known: bound, rows from the tile's first to
// the goal's, columns from the nearest of its own. Up to 2²⁰ sums, each of which rounds 2⁻²⁴ of itself away, may have lost
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

fn aim_from(tile: u32) {
  let goal = goal_place();
  let place = vec2u(tile / RING_COLUMNS - 1u, tile % RING_COLUMNS - 1u);
  // The goal's distance so far, unless its tile may be settled at this time by another invocation.
  let goals = goal / TILE;
  let other = any(goals != place) & all(goals % 2u == place % 2u);
  let known = min(work_load(BOUND), work_load(select(cell_of(goal), BOUND, other)));
  let away = vec2i(goal) - vec2i(place * TILE);
  let columns = max(max(-away.y, away.y - i32(TILE) + 1), 0);
  aim = Aim(bitcast<f32>(known), bitcast<f32>(work_load(LEAST_COST)), away.x, columns);
}
