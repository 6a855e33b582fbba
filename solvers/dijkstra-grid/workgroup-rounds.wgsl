// Rounds of a workgroup over distances in workgroup memory: lanes lower their cells by what they read of the neighbours,
// several times and without waiting. Only the owner writes a cell, and distances only fall, so any order leads to the
// same fixpoint (README). It is reached when a round changed nothing.
// Between barriers: owners write sh_words; any lane raises sh_changed, lane 0 lowers it. It is 0 before the first round.
// The kernels supply relax_own(lane): lowers a lane's cells, and tells whether it did.

var<workgroup> sh_words: array<atomic<u32>, SHARED_WORDS>;
var<workgroup> sh_changed: atomic<u32>;
var<workgroup> sh_go_on: u32;

// Every round settles at least one cell more.
fn settle_rounds(lane: u32, most_rounds: u32) {
  for (var round = 0u; round < most_rounds; round++) {
    var changed = false;
    for (var turn = 0u; turn < TURNS_OF_LANE; turn++) {
      changed = relax_own(lane) || changed;
    }
    if (changed) {
      atomicStore(&sh_changed, 1u);
    }
    workgroupBarrier();
    if (lane == 0u) {
      sh_go_on = atomicLoad(&sh_changed);
      atomicStore(&sh_changed, 0u);
    }
    if (workgroupUniformLoad(&sh_go_on) == 0u) {
      break;
    }
  }
}
