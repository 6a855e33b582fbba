// The path, found backwards from the goal by a breadth-first search in which a cell leads to its directions, in order of
// index. The first way to the start is the path (README: it has the fewest hops, and of those the lowest indices).
// A cell's directions are taken once, and are none after that, so no cell is queued twice, and the search ends after one
// turn for each direction at most, or after the turns that are allowed. Where the goal can be reached the start is
// found: every cell but the start has a direction, and these never lead round (README).
// The strategies supply take_directions, queue_load, queue_store, put_on_path.

// A cell that was reached, the position of the entry it was reached from, and where it leads to.
struct Entry { cell: u32, parent: u32, directions: u32 }

// The entry in hand is the one at `head`; `directions` are those of it that are left.
struct Search { cell: u32, directions: u32, head: u32, tail: u32, found: bool }

fn neighbour(cell: u32, direction: u32) -> u32 {
  // The square's middle has no bit.
  let place = direction + select(0u, 1u, direction >= 4u);
  return cell + (place / 3u) * PITCH + place % 3u - PITCH - 1u;
}

fn begin_search(start: u32, goal: u32) -> Search {
  queue_store(0u, Entry(goal, 0u, 0u));
  return Search(goal, take_directions(goal), 0u, 1u, start == goal);
}

// Goes on until the start is found, nothing is left, or `most_turns` are over.
fn go_on(before: Search, start: u32, most_turns: u32) -> Search {
  var cell = before.cell;
  var directions = before.directions;
  var head = before.head;
  var tail = before.tail;
  var found = before.found;
  for (var turn = 0u; turn < most_turns && !found && directions != 0u; turn++) {
    let next = neighbour(cell, firstTrailingBit(directions));
    directions &= directions - 1u;
    found = next == start;
    let onward = take_directions(next);
    if (onward != 0u || found) {
      queue_store(tail, Entry(next, head, onward));
      tail++;
    }
    if (directions == 0u && !found) {
      head++;
      if (head < tail) {
        let entry = queue_load(head);
        cell = entry.cell;
        directions = entry.directions;
      }
    }
  }
  return Search(cell, directions, head, tail, found);
}

// How far the path has been told: the entry of the queue that comes next, 0 for the goal's, and the steps so far.
struct Walk { position: u32, hops: u32 }

// Tells the cells of the path from an entry on, but for the goal, and at most `most` of them.
fn walk_on(before: Walk, most: u32) -> Walk {
  var position = before.position;
  var hops = before.hops;
  for (var i = 0u; i < most && position != 0u; i++) {
    let entry = queue_load(position);
    put_on_path(entry.cell);
    position = entry.parent;
    hops++;
  }
  return Walk(position, hops);
}

// What is told of the path beside its cells: of one that is not, that it costs infinity and has −1 steps.
fn tell(found: bool, goal: u32, distance: u32, hops: u32) {
  if (found) {
    put_on_path(goal);
  }
  emit_cost(0u, distance_told(distance));
  emit_hops(0u, select(-1, i32(hops), found));
}
