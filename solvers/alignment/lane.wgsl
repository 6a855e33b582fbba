// An alignment by one invocation, row by row, each weight drawn once. The values of the last row, and the directions of
// all cells, sixteen a word, are in the workspace.

// Where the directions of row i begin.
fn directions_of(i: u32) -> u32 {
  return extent(1u) + i * ((extent(1u) + 15u) / 16u);
}

fn direction_load(i: u32, j: u32) -> u32 {
  return (work_load(directions_of(i) + j / 16u) >> (2u * (j % 16u))) & 3u;
}

fn solve() {
  for (var j = 0u; j < extent(1u); j++) {
    work_store(j, bitcast<u32>(BORDER));
  }
  var block = vec4f();
  for (var i = 0u; i < extent(0u); i++) {
    var diagonal = select(BORDER, 0.0, i == 0u);
    var left = BORDER;
    var directions = 0u;
    for (var j = 0u; j < extent(1u); j++) {
      let index = i * extent(1u) + j;
      if (index % 4u == 0u) {
        block = weight4(index / 4u);
      }
      let above = bitcast<f32>(work_load(j));
      directions |= cell_direction(block[index % 4u], diagonal, above, left) << (2u * (j % 16u));
      left = cell_value(block[index % 4u], diagonal, above, left);
      diagonal = above;
      work_store(j, bitcast<u32>(left));
      if (j % 16u == 15u || j + 1u == extent(1u)) {
        work_store(directions_of(i) + j / 16u, directions);
        directions = 0u;
      }
    }
  }
  trace_table();
}
