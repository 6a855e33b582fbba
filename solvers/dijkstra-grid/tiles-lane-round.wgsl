// One dispatch of a round, a tile a part: a tile that is due is settled, as far as its neighbours' outermost cells are
// known, and says to which of them its own changes matter.

fn solve(part: u32) {
  let turn = turn_of(part);
  if (!turn.exists || !is_due(turn.tile, tile_state(turn.tile))) {
    return;
  }
  let settled = settle_tile(turn.tile);
  note_settled(turn.tile, settled.sides, settled.steps == MOST_STEPS);
}
