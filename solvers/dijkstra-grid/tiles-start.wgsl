// What needs the whole grid's lowest weight, a row of cells a part: lifts costs, closes cells, and opens the start.

fn start_row(part: u32) {
  let base = COST_BLOCKS + (part + 1u) * ROW_BLOCKS + 1u;
  let policy = parameter_negative();
  var least = 0.0;
  for (var row = 0u; row < select(0u, PADDED_ROWS, policy != 0u); row++) {
    least = min(least, bitcast<f32>(work_load4(LOWEST_BLOCKS + row).x));
  }
  if (part == 0u && least < 0.0 && policy == POLICY_ERROR) {
    report(REPORT_NEGATIVE);
  }
  for (var q = 0u; q < select(0u, (WIDTH + 3u) / 4u, policy == POLICY_SHIFT); q++) {
    let exists = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u) < vec4u(WIDTH);
    let lifted = cost_bits(bitcast<vec4f>(work_load4(base + q)) - least);
    work_store4(base + q, select(vec4u(FAR_BITS), lifted, exists));
  }
  for (var column = 0u; column < select(0u, WIDTH, has_obstacles()); column++) {
    if (input_obstacles(part * WIDTH + column) != 0.0) {
      work_store(4u * base + column, FAR_BITS);
    }
  }
  let start = start_place();
  if (start.x == part) {
    work_store(cell_of(start), first_distance(work_load(4u * base + start.y)));
    // Those beside it too: the start itself never changes, and may be all that they learn.
    let tile = tile_number(start.x / TILE, start.y / TILE);
    for (var i = 0u; i < 9u; i++) {
      set_tile_state(tile + (i / 3u) * RING_COLUMNS + i % 3u - RING_COLUMNS - 1u, TileState(0u, 1u, false));
    }
  }
}
