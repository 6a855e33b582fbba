// Costs and distances before the first round, a row of the ringed grid a part. In this pass: costs of rows inside, as
// weights where they may yet be lifted, the lowest weight of each row, everything else far and nothing due.

fn fill_row(part: u32) {
  let base = part * ROW_BLOCKS;
  for (var q = 0u; q < ROW_BLOCKS; q++) {
    work_store4(base + q, vec4u(FAR_BITS));
    work_store4(COST_BLOCKS + base + q, vec4u(FAR_BITS));
  }
  for (var column = 0u; column < select(0u, RING_COLUMNS, part < TILE_ROWS + 2u); column++) {
    let block = TILE_BLOCKS + 3u * (part * RING_COLUMNS + column);
    work_store4(block, vec4u());
    work_store4(block + 1u, vec4u());
    work_store4(block + 2u, vec4u());
  }
  let row = part - 1u;
  let inside = (part >= 1u) & (row < HEIGHT);
  let shifts = parameter_negative() == POLICY_SHIFT;
  var lowest = vec4f(LARGEST_COST);
  // Blocks of weights straddle rows where the width is no multiple of 4: a block here is of two of them.
  let shift = (row * WIDTH) % 4u;
  let first = (row * WIDTH) / 4u;
  var early = vec4f();
  if (inside) {
    early = weight4(first);
  }
  for (var q = 0u; q < select(0u, (WIDTH + 3u) / 4u, inside); q++) {
    var late = vec4f();
    if (WIDTH % 4u != 0u || 4u * q + 4u < WIDTH) {
      late = weight4(first + q + 1u);
    }
    var weights = early;
    if (WIDTH % 4u != 0u) {
      weights = select(weights, vec4f(early.yzw, late.x), shift == 1u);
      weights = select(weights, vec4f(early.zw, late.xy), shift == 2u);
      weights = select(weights, vec4f(early.w, late.xyz), shift == 3u);
    }
    early = late;
    let exists = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(WIDTH);
    lowest = min(lowest, select(vec4f(LARGEST_COST), weights, exists));
    let bits = select(cost_bits(weights), bitcast<vec4u>(weights), shifts);
    work_store4(COST_BLOCKS + base + 1u + q, select(vec4u(FAR_BITS), bits, exists));
  }
  let least = min(min(lowest.x, lowest.y), min(lowest.z, lowest.w));
  work_store4(LOWEST_BLOCKS + part, vec4u(bitcast<u32>(least)));
}
