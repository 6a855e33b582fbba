// One round, a tile a part: a tile that is due is settled, as far as its neighbours' outermost cells are known, and those
// that its own outermost cells matter to are due in the next round.
// Neighbours that are settled in the same round may or may not be seen: their words are whole, and distances only fall,
// so what is read has been right as a bound; where it was the older one, this tile is due again.

fn solve(part: u32) {
  let tile = tile_number(part / TILE_COLUMNS, part % TILE_COLUMNS);
  let round = repetition() + 1u;
  if (due(tile) < round) {
    return;
  }
  let settled = settle_tile(first_block_of(tile));
  if (settled.steps == MOST_STEPS) {
    set_due(tile, round + 1u);
  }
  for (var direction = 0u; direction < 8u; direction++) {
    if (touched(settled.sides, direction)) {
      set_due(tile_beside(tile, direction), round + 1u);
    }
  }
}
