// Distances of a grid by one invocation: rows in registers, swept down and up until nothing changes.
// A step takes one row: its costs and distances are loaded, each cell takes the least of its neighbours in the row
// beside (that of the step before) plus its cost, then runs to the right and to the left close the row. So after a step
// a row is as near as it and the row beside allow. What is left to do is told by the rows that changed: a sweep goes on
// while rows change, and up to the row beyond the first change of the sweep before; then it turns. The fixpoint does
// not depend on the order (README), so every invocation goes its own way.
// Distances lie where the queue of the trace will, as [row][block]; those of rows not yet visited are not stored.

// How many steps it took.
fn settle(start: vec2u) -> u32 {
  var beside = far_row();
  var row = i32(start.x);
  var step = 1i;
  var until = row + 1;
  var first_change = row;
  var changed_any = true;
  var visited_from = row;
  var visited_to = row;
  store_row(DISTANCES + start.x * ROW_BLOCKS, source_row(start.y, work_load(cell_of(start))));
  var steps = 0u;
  for (; steps < MOST_STEPS; steps++) {
    let base = u32(row) * ROW_BLOCKS;
    let before = choose_row(far_row(), load_row(DISTANCES + base), (row >= visited_from) & (row <= visited_to));
    visited_from = min(visited_from, row);
    visited_to = max(visited_to, row);
    beside = relax_row(load_row(base), before, beside);
    store_row(DISTANCES + base, beside);
    let changed = difference(before, beside) != 0u;
    // Without && and ||: each would be a branch.
    first_change = select(first_change, row, changed & !changed_any);
    changed_any = changed_any | changed;
    let next = row + step;
    if (!((changed | ((until - row) * step > 0)) & (next >= 0) & (next < i32(HEIGHT)))) {
      // Left by a break, not from here: on processors work under a condition is done in any case.
      if (!changed_any || HEIGHT == 1u) {
        break;
      }
      until = first_change - step;
      step = -step;
      changed_any = false;
    }
    row += step;
  }
  store_directions();
  return steps;
}
