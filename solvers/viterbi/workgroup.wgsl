// Viterbi by one workgroup: a lane has every WORKGROUP_SIZE-th state; the best scores of two positions, in turns, in
// workgroup memory. Between barriers lanes write those of one position and read those of the other.

var<workgroup> sh_best: array<f32, 2u * SHARED_STATES>;

fn best_load(t: u32, j: u32) -> f32 {
  return sh_best[(t & 1u) * SHARED_STATES + j];
}

fn best_store(t: u32, j: u32, value: f32) {
  sh_best[(t & 1u) * SHARED_STATES + j] = value;
}

fn solve(lane: u32) {
  for (var j = lane; j < states(); j += WORKGROUP_SIZE) {
    best_store(0u, j, node(0u, j));
  }
  for (var t = 1u; t < positions(); t++) {
    workgroupBarrier();
    for (var j = lane; j < states(); j += WORKGROUP_SIZE) {
      advance(t, j);
    }
  }
  workgroupBarrier();
  storageBarrier();
  if (lane == 0u) {
    trace_chain();
  }
}
