// One dispatch of a round, a tile a part, for one of four colours: every second tile of every second row, so that no two
// of them touch. A tile that is due is settled, as far as its neighbours' outermost cells are known, and says to which of
// them its own changes matter.

fn solve(part: u32) {
  let colour = repetition() % 4u;
  let columns = (TILE_COLUMNS + 1u) / 2u;
  let row = 2u * (part / columns) + colour / 2u;
  let column = 2u * (part % columns) + colour % 2u;
  if (row >= TILE_ROWS || column >= TILE_COLUMNS) {
    return;
  }
  let tile = tile_number(row, column);
  let state = tile_state(tile);
  if (!is_due(tile, state)) {
    return;
  }
  let now = repetition() + 1u;
  let settled = settle_tile(tile);
  set_tile_state(tile, TileState(now, select(0u, now + 1u, settled.steps == MOST_STEPS), false));
  for (var half = 0u; half < 2u; half++) {
    let block = TILE_BLOCKS + 3u * tile + 1u + half;
    var times = work_load4(block);
    for (var j = 0u; j < 4u; j++) {
      times[j] = select(times[j], now, touched(settled.sides, 4u * half + j));
    }
    work_store4(block, times);
  }
}
