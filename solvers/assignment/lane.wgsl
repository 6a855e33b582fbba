// Linear assignment by one invocation: shortest augmenting paths (Jonker, Volgenant 1987), a row at a time, with
// potentials u, v. Lists in the workspace: u, v, the column of a row, the row of a column, and of a column in the search
// its distance, the row before it, and whether it has been visited. Columns go eight a turn.

const POTENTIAL_OF_ROW: u32 = 0u;
const POTENTIAL: u32 = 1u;
const COLUMN_OF: u32 = 2u;
const ROW_OF: u32 = 3u;
const DISTANCE: u32 = 4u;
const BEFORE: u32 = 5u;
const VISITED: u32 = 6u;

fn at(list: u32, i: u32) -> u32 {
  return list * width() + i;
}

var<private> lowest: f32;
var<private> nearest: u32;

fn load_number(i: u32) -> f32 {
  return bitcast<f32>(work_load(i));
}

fn store_number(i: u32, x: f32) {
  work_store(i, bitcast<u32>(x));
}

fn scan_column(row: u32, least: f32, column: u32) {
  if (column < width() && work_load(at(VISITED, column)) == 0u) {
    var distance = load_number(at(DISTANCE, column));
    let reduced = (least + cost_of(row, column)) - load_number(at(POTENTIAL_OF_ROW, row));
    let through = reduced - load_number(at(POTENTIAL, column));
    if (through < distance) {
      distance = through;
      store_number(at(DISTANCE, column), through);
      work_store(at(BEFORE, column), row);
    }
    if (distance < lowest) {
      lowest = distance;
      nearest = column;
    }
  }
}

fn begin_search(column: u32) {
  if (column < width()) {
    store_number(at(DISTANCE, column), FAR);
    work_store(at(VISITED, column), 0u);
  }
}

fn end_search(least: f32, column: u32) {
  if (column < width() && work_load(at(VISITED, column)) == 1u) {
    let gain = least - load_number(at(DISTANCE, column));
    store_number(at(POTENTIAL, column), load_number(at(POTENTIAL, column)) - gain);
    let row = work_load(at(ROW_OF, column));
    if (row != NONE) {
      store_number(at(POTENTIAL_OF_ROW, row), load_number(at(POTENTIAL_OF_ROW, row)) + gain);
    }
  }
}

fn solve() {
  for (var i = 0u; i < width(); i++) {
    store_number(at(POTENTIAL_OF_ROW, i), 0.0);
    store_number(at(POTENTIAL, i), 0.0);
    work_store(at(ROW_OF, i), NONE);
  }
  for (var first = 0u; first < height(); first++) {
    for (var column = 0u; column < width(); column += 4u) {
      begin_search(column);
      begin_search(column + 1u);
      begin_search(column + 2u);
      begin_search(column + 3u);
    }
    var row = first;
    var least = 0.0;
    for (var step = 0u; step < width(); step++) {
      lowest = FAR;
      nearest = 0u;
      for (var column = 0u; column < width(); column += 8u) {
        scan_column(row, least, column);
        scan_column(row, least, column + 1u);
        scan_column(row, least, column + 2u);
        scan_column(row, least, column + 3u);
        scan_column(row, least, column + 4u);
        scan_column(row, least, column + 5u);
        scan_column(row, least, column + 6u);
        scan_column(row, least, column + 7u);
      }
      least = lowest;
      work_store(at(VISITED, nearest), 1u);
      row = work_load(at(ROW_OF, nearest));
      if (row == NONE) {
        break;
      }
    }
    for (var column = 0u; column < width(); column += 4u) {
      end_search(least, column);
      end_search(least, column + 1u);
      end_search(least, column + 2u);
      end_search(least, column + 3u);
    }
    store_number(at(POTENTIAL_OF_ROW, first), load_number(at(POTENTIAL_OF_ROW, first)) + least);
    var column = nearest;
    for (var step = 0u; step < width(); step++) {
      let own = work_load(at(BEFORE, column));
      let next = work_load(at(COLUMN_OF, own));
      work_store(at(ROW_OF, column), own);
      work_store(at(COLUMN_OF, own), column);
      if (own == first) {
        break;
      }
      column = next;
    }
  }
  for (var row = 0u; row < height(); row++) {
    emit(row * width() + work_load(at(COLUMN_OF, row)), 1);
  }
}
