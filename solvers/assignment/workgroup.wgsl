// Linear assignment by one workgroup of 64 lanes, a lane a column: shortest augmenting paths (Jonker, Volgenant 1987).
// A step takes the nearest column not yet visited: the least key of its distance, then the least index that has it.
// A lane's own distance, potential and visit are in registers; sh_row_of, sh_column_of and sh_potential are read by all
// between barriers, and written by one lane, or each by its own, between others.
#import keys

var<workgroup> sh_potential: array<f32, 64>;
var<workgroup> sh_row_of: array<u32, 64>;
var<workgroup> sh_column_of: array<u32, 64>;
var<workgroup> sh_before: array<u32, 64>;
var<workgroup> sh_key: atomic<u32>;
var<workgroup> sh_nearest: atomic<u32>;
var<workgroup> sh_least: f32;
var<workgroup> sh_row: u32;

fn solve(lane: u32) {
  var potential = 0.0;
  sh_row_of[lane] = NONE;
  for (var row = lane; row < height(); row += 64u) {
    sh_potential[row] = 0.0;
  }
  for (var first = 0u; first < height(); first++) {
    var distance = FAR;
    var visited = lane >= width();
    if (lane == 0u) {
      sh_row = first;
      sh_least = 0.0;
    }
    for (var step = 0u; step < width(); step++) {
      let row = workgroupUniformLoad(&sh_row);
      let least = workgroupUniformLoad(&sh_least);
      if (lane == 0u) {
        atomicStore(&sh_key, NONE);
        atomicStore(&sh_nearest, NONE);
      }
      workgroupBarrier();
      var key = NONE;
      if (!visited) {
        let through = ((least + cost_of(row, lane)) - sh_potential[row]) - potential;
        if (through < distance) {
          distance = through;
          sh_before[lane] = row;
        }
        key = ordered_key(distance);
        atomicMin(&sh_key, key);
      }
      workgroupBarrier();
      if (!visited && key == atomicLoad(&sh_key)) {
        atomicMin(&sh_nearest, lane);
      }
      workgroupBarrier();
      if (lane == atomicLoad(&sh_nearest)) {
        visited = true;
        sh_least = distance;
        sh_row = sh_row_of[lane];
      }
      if (workgroupUniformLoad(&sh_row) == NONE) {
        break;
      }
    }
    let least = workgroupUniformLoad(&sh_least);
    if (visited && lane < width()) {
      let gain = least - distance;
      potential -= gain;
      let row = sh_row_of[lane];
      if (row != NONE) {
        sh_potential[row] += gain;
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      sh_potential[first] += least;
      var column = atomicLoad(&sh_nearest);
      for (var step = 0u; step < width(); step++) {
        let own = sh_before[column];
        let next = sh_column_of[own];
        sh_row_of[column] = own;
        sh_column_of[own] = column;
        if (own == first) {
          break;
        }
        column = next;
      }
    }
    workgroupBarrier();
  }
  for (var row = lane; row < height(); row += 64u) {
    emit(row * width() + sh_column_of[row], 1);
  }
}
