// Start and goal of an instance, as (row, column).

// A place of an input (row, column), or the given one; outside the grid it is reported and moved inside.
fn place_of(given: bool, row: i32, column: i32, otherwise: vec2u) -> vec2u {
  let last = vec2i(i32(HEIGHT) - 1, i32(WIDTH) - 1);
  let inside = clamp(vec2i(row, column), vec2i(), last);
  if (given && any(inside != vec2i(row, column))) {
    report(REPORT_OUTSIDE);
  }
  return select(otherwise, vec2u(inside), given);
}

fn start_place() -> vec2u {
  return place_of(has_start(), input_start(0u), input_start(1u), vec2u());
}

fn goal_place() -> vec2u {
  return place_of(has_goal(), input_goal(0u), input_goal(1u), vec2u(HEIGHT - 1u, WIDTH - 1u));
}
