// The path by one invocation, some turns of the search and some steps of the walk a repetition, since loops are bounded.

const NOT_BEGUN: u32 = 0xffffffffu;
const WALK: u32 = SEARCH + 5u;
const TOLD: u32 = SEARCH + 7u;

fn queue_load(position: u32) -> Entry {
  let place = COSTS + COSTS + 2u * position;
  let word = work_load(place);
  return Entry(word & 0xffffffu, work_load(place + 1u), word >> 24u);
}

fn queue_store(position: u32, entry: Entry) {
  let place = COSTS + COSTS + 2u * position;
  work_store(place, (entry.directions << 24u) | entry.cell);
  work_store(place + 1u, entry.parent);
}

fn put_on_path(cell: u32) {
  emit((cell / PITCH - 1u) * WIDTH + cell % PITCH - 4u, 1);
}

fn take_directions(cell: u32) -> u32 {
  let own = work_load(cell);
  if (own >= FAR_BITS) {
    return 0u;
  }
  work_store(cell, own | TAKEN);
  let straight =
    vec4u(work_load(cell - PITCH), work_load(cell - 1u), work_load(cell + 1u), work_load(cell + PITCH));
  var across = vec4u(FAR_BITS);
  if (NEIGHBOURS == 8u) {
    let above = cell - PITCH;
    let below = cell + PITCH;
    across =
      vec4u(work_load(above - 1u), work_load(above + 1u), work_load(below - 1u), work_load(below + 1u));
  }
  var cost = 0u;
  if (EUCLIDEAN) {
    cost = work_load(COSTS + cell);
  }
  return nearest_directions(straight, across, cost);
}

fn trace_path() {
  let start = cell_of(start_place());
  let goal = cell_of(goal_place());
  let distance = work_load(goal) & ~TAKEN;
  let reachable = distance < FAR_BITS;
  let first = repetition() == 0u;
  if (first) {
    if (work_load(TAKEN_OUT) != work_load(PUT_IN)) {
      report(REPORT_BOUND);
    }
    save_search(begin_search(start, goal));
    work_store(WALK, NOT_BEGUN);
    work_store(WALK + 1u, 0u);
    work_store(TOLD, 0u);
  }
  let search = go_on(load_search(), start, select(0u, TURNS, reachable));
  save_search(search);
  let found = search.found & reachable;
  let at = work_load(WALK);
  let from_position = select(at, search.tail - 1u, at == NOT_BEGUN);
  let walk = walk_on(Walk(select(0u, from_position, found), work_load(WALK + 1u)), TURNS / 2u);
  if (found) {
    work_store(WALK, walk.position);
    work_store(WALK + 1u, walk.hops);
  }
  if ((!reachable || (found && walk.position == 0u)) && work_load(TOLD) == 0u) {
    work_store(TOLD, 1u);
    tell(found, goal, distance, walk.hops);
  }
  if (repetition() == LAST_REPETITION && work_load(TOLD) == 0u) {
    report(REPORT_BOUND);
  }
}

fn save_search(search: Search) {
  work_store(SEARCH, search.cell);
  work_store(SEARCH + 1u, search.directions);
  work_store(SEARCH + 2u, search.head);
  work_store(SEARCH + 3u, search.tail);
  work_store(SEARCH + 4u, u32(search.found));
}

fn load_search() -> Search {
  return Search(
    work_load(SEARCH),
    work_load(SEARCH + 1u),
    work_load(SEARCH + 2u),
    work_load(SEARCH + 3u),
    work_load(SEARCH + 4u) != 0u,
  );
}
