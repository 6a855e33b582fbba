// An alignment by one workgroup, anti-diagonal by anti-diagonal: a lane has every WORKGROUP_SIZE-th row. The values of
// three anti-diagonals, in turns, in workgroup memory, a row's at its number; a direction a word in the workspace.
// Between barriers lanes write one anti-diagonal and read the two before it.

var<workgroup> sh_values: array<f32, 3u * SHARED_ROWS>;

fn direction_load(i: u32, j: u32) -> u32 {
  return work_load(i * extent(1u) + j);
}

// The value of the cell in row i of anti-diagonal `sum`, both counted from 1 so that 0 is outside of the table.
fn value_at(sum: u32, i: u32) -> f32 {
  let j = sum - i;
  if (i == 0u || j == 0u) {
    return select(BORDER, 0.0, i == j);
  }
  return sh_values[(sum % 3u) * SHARED_ROWS + i - 1u];
}

fn solve(lane: u32) {
  for (var sum = 2u; sum <= extent(0u) + extent(1u); sum++) {
    let first = select(1u, sum - extent(1u), sum > extent(1u));
    for (var i = first + lane; i <= min(extent(0u), sum - 1u); i += WORKGROUP_SIZE) {
      let j = sum - i;
      let index = (i - 1u) * extent(1u) + j - 1u;
      let own = weight(index);
      let diagonal = value_at(sum - 2u, i - 1u);
      let above = value_at(sum - 1u, i - 1u);
      let left = value_at(sum - 1u, i);
      sh_values[(sum % 3u) * SHARED_ROWS + i - 1u] = cell_value(own, diagonal, above, left);
      work_store(index, cell_direction(own, diagonal, above, left));
    }
    workgroupBarrier();
  }
  storageBarrier();
  if (lane == 0u) {
    trace_table();
  }
}
