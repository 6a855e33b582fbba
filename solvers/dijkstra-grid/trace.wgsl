// The path, found backwards from the goal by a breadth-first search in which a cell leads to its nearest neighbours, in
// order of index. The first way to the start is the path (README: it has the fewest hops, and of those the lowest
// indices). A cell is row · PITCH + column; its directions are eight bits, by rows of the 3 × 3 square around it, four
// cells a word, which the strategy has stored. A cell that is queued has its directions taken away, so none is queued
// twice, and the search ends after one turn for each direction at most, or after the turns that are allowed.
// The start is always found: every cell but it has a direction, and these never lead round (README).
// The strategies supply directions_load, directions_store, queue_load, queue_store.

fn cell_of(place: vec2u) -> u32 {
  return place.x * PITCH + place.y;
}

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

fn take_directions(cell: u32) -> u32 {
  let word = directions_load(cell >> 2u);
  let shift = 8u * (cell & 3u);
  directions_store(cell >> 2u, word & ~(255u << shift));
  return (word >> shift) & 255u;
}

fn neighbour(cell: u32, direction: u32) -> u32 {
  // The square's middle has no bit.
  let place = direction + select(0u, 1u, direction >= 4u);
  return cell + (place / 3u) * PITCH + place % 3u - PITCH - 1u;
}

// Entries of the queue: directions << 24 | position of the entry it came from << 12 | cell.
fn trace_path(start: u32, goal: u32, most_turns: u32) {
  var cell = goal;
  var directions = take_directions(goal);
  var head = 0u;
  var tail = 1u;
  var found = start == goal;
  queue_store(0u, goal);
  for (var turn = 0u; turn < most_turns && !found; turn++) {
    let next = neighbour(cell, firstTrailingBit(directions));
    directions &= directions - 1u;
    found = next == start;
    let onward = take_directions(next);
    if (onward != 0u || found) {
      queue_store(tail, (onward << 24u) | (head << 12u) | next);
      tail++;
    }
    if (directions == 0u && !found) {
      head++;
      let entry = queue_load(head);
      cell = entry & 4095u;
      directions = entry >> 24u;
    }
  }
  if (!found) {
    report(REPORT_BOUND);
  }
  var position = tail - 1u;
  for (var hops = 0u; hops < HEIGHT * WIDTH; hops++) {
    let entry = queue_load(position);
    let at = entry & 4095u;
    emit((at / PITCH) * WIDTH + at % PITCH, 1);
    if (position == 0u) {
      break;
    }
    position = (entry >> 12u) & 4095u;
  }
}
