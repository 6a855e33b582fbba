// What is known of the way to the goal before any is found: the least cost of a cell, and what the way costs that goes
// across corners, or by turns down and along, and then straight.

fn find_aim() {
  var lowest = LARGEST_COST;
  for (var row = 0u; row < PADDED_ROWS; row++) {
    lowest = min(lowest, bitcast<f32>(work_load4(LOWEST_BLOCKS + row).x));
  }
  // Costs were lifted to 0 at least, or count as 0.
  work_store(LEAST_COST, cost_bits(vec4f(lowest)).x);
  let goal = vec2i(goal_place());
  var place = vec2i(start_place());
  var distance = first_distance(work_load(COSTS + cell_of(vec2u(place))));
  for (var i = 0u; i < HEIGHT + WIDTH && any(place != goal); i++) {
    var step = sign(goal - place);
    if (NEIGHBOURS == 4u && step.x != 0 && step.y != 0) {
      step = select(vec2i(step.x, 0), vec2i(0, step.y), i % 2u == 0u);
    }
    place += step;
    let cost = work_load(COSTS + cell_of(vec2u(place)));
    let own = select(cost, across_cost(cost), EUCLIDEAN & (step.x != 0) & (step.y != 0));
    distance = min(plus(distance, own), FAR_BITS);
  }
  work_store(BOUND, distance);
}
