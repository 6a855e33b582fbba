// Distances of a grid, or of a tile of one, by one invocation: rows in registers, swept down and up until nothing
// changes. Distances lie as [row][block of four], costs likewise COST_BLOCKS further on; rows are ROW_BLOCKS apart.
// A step goes from a row, in registers with its costs, to the next one, which is loaded: each of its cells takes the least
// of its neighbours in the row before plus its cost, then runs to the right and to the left close the row. Then the row
// before is corrected by the next one in the same way, and the next one by that: more is done for the loads and stores,
// which are what a step costs. What is left is told by the rows that were corrected: a sweep goes on while rows change,
// and up to the last pair of rows that the sweep before left; then it turns, to the first pair that it has left itself.
// The fixpoint does not depend on the order (README), so every invocation goes its own way. Only changes to distances up
// to limit_of(row), which the strategies supply, count: what is farther need not be exact.
// Rows from 0 to ROWS − 1 are settled. With HALO, those before and after are the neighbouring tiles', and only read.

// The row that the first sweep, downwards, begins with, and the one that it goes on to at least. Rows from visited_from
// to visited_to hold distances; the others have not been stored, and are far.
struct Sweeps { row: i32, until: i32, visited_from: i32, visited_to: i32 }

// `sides`: which of the tile's outermost rows and columns changed.
struct Settled { steps: u32, sides: u32, visited_from: i32, visited_to: i32 }

const LAST_ROW: i32 = i32(ROWS) - 1;
const ROWS_END: i32 = i32(ROWS) + 1;

fn is_own(row: i32) -> bool {
  return (row >= 0) & (row <= LAST_ROW);
}

// Which of the tile's sides a row's change touches.
fn sides_of(row: i32, before: Row, after: Row, changed: bool, limit: u32) -> u32 {
  let rows = select(0u, ABOVE, changed & (row == 0)) | select(0u, BELOW, changed & (row == LAST_ROW));
  return rows | sides_within(before, after, limit);
}

// `first` is the first block of row 0.
fn settle(first: u32, sweeps: Sweeps) -> Settled {
  var visited_from = sweeps.visited_from;
  var visited_to = sweeps.visited_to;
  // The row in hand: at first one before the first, which is far and which nothing reaches.
  var row = sweeps.row - 1;
  var next = sweeps.row;
  var costs = far_row();
  var own = far_row();
  // Whether runs along it may be missing.
  var is_open = false;
  var step = 1i;
  var until = sweeps.until;
  // Rows that the next sweep must go over: their pairs may not be as near as they allow each other.
  var left_from = select(sweeps.row - 1, ROWS_END, HALO);
  var left_to = select(sweeps.row, -ROWS_END, HALO);
  var sides = 0u;
  var steps = 0u;
  for (; steps < MOST_STEPS; steps++) {
    let base = first + u32(next) * ROW_BLOCKS;
    let next_costs = load_row(COST_BLOCKS + base);
    var before = far_row();
    if ((next >= visited_from) & (next <= visited_to)) {
      before = load_row(base);
    }
    visited_from = min(visited_from, next);
    visited_to = max(visited_to, next);
    let beside = abs(next - row) == 1;
    let next_own = !HALO | is_own(next);
    let reached = choose_row(before, relax_row(next_costs, before, choose_row(far_row(), own, beside)), next_own);
    let limit = limit_of(row);
    let next_limit = limit_of(next);
    // Some processors skip what no invocation of a group needs. A tile's rows have cells beside them that change unseen.
    var corrected = own;
    if (is_own(row) & beside & (HALO | is_open | changed_within(before, reached, next_limit))) {
      corrected = relax_row(costs, own, reached);
    }
    let back = changed_within(own, corrected, limit);
    var after = reached;
    if (back & next_own) {
      after = reach_row(next_costs, reached, corrected);
    }
    if (is_own(row)) {
      store_row(first + u32(row) * ROW_BLOCKS, corrected);
    }
    let ahead = changed_within(before, after, next_limit);
    sides |= sides_of(row, own, corrected, back, limit) | sides_of(next, before, after, ahead, next_limit);
    left_from = select(left_from, min(left_from, row - 1), back);
    left_to = select(left_to, max(left_to, row + 1), back);
    row = next;
    costs = next_costs;
    own = after;
    is_open = back;
    next = row + step;
    let inside = (next >= -MARGIN) & (next <= LAST_ROW + MARGIN);
    // Without && and ||: each would be a branch.
    if (!((ahead | ((until - row) * step > 0)) & inside)) {
      left_from = max(left_from, -MARGIN);
      left_to = min(left_to, LAST_ROW + MARGIN);
      // Left by a break, not from here: on processors work under a condition is done in any case.
      if (left_from >= left_to) {
        break;
      }
      step = -step;
      let begin = select(left_from, left_to, step < 0);
      until = left_from + left_to - begin;
      next = select(begin, row + step, row == begin);
      left_from = ROWS_END;
      left_to = -ROWS_END;
    }
  }
  if (is_own(row)) {
    store_row(first + u32(row) * ROW_BLOCKS, own);
  }
  return Settled(steps, sides, visited_from, visited_to);
}
