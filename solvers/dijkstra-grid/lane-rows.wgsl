// Distances of a grid, or of a tile of one, by one invocation: rows in registers, swept down and up until nothing
// changes. Distances lie as [row][block of four], costs likewise COST_BLOCKS further on; rows are ROW_BLOCKS apart.
// A step takes one row: its costs and distances are loaded, each cell takes the least of its neighbours in the row
// beside (that of the step before) plus its cost, then runs to the right and to the left close the row. So after a step
// a row is as near as it and the row beside allow. What is left to do is told by the rows that changed: a sweep goes on
// while rows change, and up to the row beyond the first change of the sweep before; then it turns. The fixpoint does
// not depend on the order (README), so every invocation goes its own way. Only changes to distances up to limit_of(row),
// which the strategies supply, count: what is farther need not be exact.
// Rows from 0 to ROWS − 1 are settled. With HALO, those before and after are the neighbouring tiles', and only read.

// Where the first sweep, downwards, begins, and which row it goes on to at least; whether its first row holds a distance
// that its neighbours do not know of yet. Rows from visited_from to visited_to hold distances; the others have not been
// stored, and are far.
struct Sweeps {
  row: i32,
  until: i32,
  begun: bool,
  visited_from: i32,
  visited_to: i32,
}

// `sides`: which of the tile's outermost rows and columns changed.
struct Settled {
  steps: u32,
  sides: u32,
  visited_from: i32,
  visited_to: i32,
}

const LAST_ROW: i32 = i32(ROWS) - 1;

// `first` is the first block of row 0.
fn settle(first: u32, sweeps: Sweeps) -> Settled {
  var beside = far_row();
  var row = sweeps.row;
  var step = 1i;
  var until = sweeps.until;
  var visited_from = sweeps.visited_from;
  var visited_to = sweeps.visited_to;
  var first_change = select(until, row, sweeps.begun);
  var changed_any = sweeps.begun;
  var turned = false;
  var sides = 0u;
  var steps = 0u;
  for (; steps < MOST_STEPS; steps++) {
    let base = first + u32(row) * ROW_BLOCKS;
    let own = !HALO | ((row >= 0) & (row <= LAST_ROW));
    var before = far_row();
    if ((row >= visited_from) & (row <= visited_to)) {
      before = load_row(base);
    }
    visited_from = min(visited_from, row);
    visited_to = max(visited_to, row);
    beside = choose_row(before, relax_row(load_row(COST_BLOCKS + base), before, beside), own);
    if (own) {
      store_row(base, beside);
    }
    let limit = limit_of(row);
    let changed = changed_within(before, beside, limit);
    sides |= select(0u, ABOVE, changed & (row == 0)) | select(0u, BELOW, changed & (row == LAST_ROW));
    sides |= sides_within(before, beside, limit);
    // Without && and ||: each would be a branch.
    first_change = select(first_change, row, changed & !changed_any);
    changed_any = changed_any | changed;
    let next = row + step;
    let inside = (next >= -MARGIN) & (next <= LAST_ROW + MARGIN);
    if (!((changed | ((until - row) * step > 0)) & inside)) {
      // Left by a break, not from here: on processors work under a condition is done in any case.
      if ((turned & !changed_any) | ((ROWS == 1u) & !HALO)) {
        break;
      }
      // The first two sweeps of a tile are whole: cells of the tiles beside count for the row above and below theirs.
      until = select(first_change - step, 0, HALO & !turned);
      step = -step;
      changed_any = false;
      turned = true;
    }
    row += step;
  }
  return Settled(steps, sides, visited_from, visited_to);
}
