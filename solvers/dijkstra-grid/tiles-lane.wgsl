// A tile settled by one invocation.

fn settle_tile(tile: u32) -> Settled {
  aim_from(tile);
  let last = i32(TILE);
  return settle(first_block_of(tile), Sweeps(-1, last, -1, last));
}
