// What is left after the rounds, as in a maze: one invocation takes one tile after the other, in as many repetitions as
// are allowed, until none is left.

fn put_in(tile: u32) {
  let position = work_load(PUT_IN);
  work_store(TILE_QUEUE + position % RING_TILES, tile);
  set_tile_state(tile, TileState(0u, 0u, true));
  work_store(PUT_IN, position + 1u);
}

fn settle_rest() {
  if (repetition() == 0u) {
    work_store(TAKEN_OUT, 0u);
    work_store(PUT_IN, 0u);
  }
  for (var tile = 0u; tile < select(0u, RING_TILES, repetition() == 0u); tile++) {
    if (is_tile(tile) && is_due(tile, tile_state(tile))) {
      put_in(tile);
    }
  }
  var steps = 0u;
  var position = work_load(TAKEN_OUT);
  while (steps < STEPS_OF_REST && position != work_load(PUT_IN)) {
    let tile = work_load(TILE_QUEUE + position % RING_TILES);
    position++;
    set_tile_state(tile, TileState(0u, 0u, false));
    let settled = settle_tile(tile);
    steps += settled.steps + 8u;
    if (settled.steps == MOST_STEPS) {
      put_in(tile);
    }
    for (var direction = 0u; direction < 8u; direction++) {
      let beside = tile_beside(tile, direction);
      if (touched(settled.sides, direction) && is_tile(beside) && !tile_state(beside).queued) {
        put_in(beside);
      }
    }
  }
  work_store(TAKEN_OUT, position);
}
