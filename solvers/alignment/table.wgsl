// What all alignments share: a table of rows × columns cells in which a cell follows the one above and to the left
// (DIAGONAL), the one above or the one to the left. `cell_value(weight, diagonal, above, left)` and `cell_direction(…)`
// say how; BORDER is the value outside of the table, save before its first cell, where it is 0.

const REPORT_LOOPS: u32 = 1u;

const DIAGONAL: u32 = 0u;
const ABOVE: u32 = 1u;
const LEFT: u32 = 2u;

// Back from the last cell; `direction_load(i, j)` is the strategy's.
fn trace_table() {
  var i = extent(0u);
  var j = extent(1u);
  for (var step = 0u; step < extent(0u) + extent(1u); step++) {
    if (i == 0u || j == 0u) {
      break;
    }
    let direction = direction_load(i - 1u, j - 1u);
    if (direction == DIAGONAL || EMITS_ALL) {
      emit((i - 1u) * extent(1u) + j - 1u, 1);
    }
    i -= select(1u, 0u, direction == LEFT);
    j -= select(1u, 0u, direction == ABOVE);
  }
  if (i != 0u && j != 0u) {
    report(REPORT_LOOPS);
  }
}
