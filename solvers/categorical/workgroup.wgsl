// The largest weight of an instance by one workgroup: lanes run over every WORKGROUP_SIZE-th block; the largest key of
// theirs, then the lowest index that has it, by atomics. Between barriers: first sh_key, then sh_index is lowered.
#import keys

var<workgroup> sh_key: atomic<u32>;
var<workgroup> sh_index: atomic<u32>;

fn solve(lane: u32) {
  if (lane == 0u) {
    atomicStore(&sh_key, 0u);
    atomicStore(&sh_index, 0xffffffffu);
  }
  workgroupBarrier();
  let own = scan_weights(lane, WORKGROUP_SIZE);
  let key = select(0u, ordered_key(own.value), own.index < size());
  atomicMax(&sh_key, key);
  workgroupBarrier();
  if (key != 0u && key == atomicLoad(&sh_key)) {
    atomicMin(&sh_index, own.index);
  }
  workgroupBarrier();
  if (lane == 0u) {
    emit(atomicLoad(&sh_index), 1);
  }
}
