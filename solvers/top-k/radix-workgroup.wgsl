// Radix selection by one workgroup over the four bytes of keys, the highest first; key_block(q) gives four of them.
// Between barriers: sh_prefix and sh_wanted are written by lane 0 alone; the histogram, when a threshold is found, holds
// what each lane owns.

var<workgroup> sh_histogram: array<atomic<u32>, 256>;
var<workgroup> sh_prefix: u32;
var<workgroup> sh_wanted: u32;

fn count_byte(difference: u32) {
  if (difference < 256u) {
    atomicAdd(&sh_histogram[difference], 1u);
  }
}

// Leaves the wanted-th largest key in sh_prefix, and how many of those equal to it are wanted in sh_wanted.
fn find_threshold(lane: u32, blocks: u32) {
  if (lane == 0u) {
    sh_prefix = 0u;
    sh_wanted = top_k_wanted();
  }
  for (var byte = 0u; byte < 4u; byte++) {
    let shift = 24u - 8u * byte;
    for (var bin = lane; bin < 256u; bin += WORKGROUP_SIZE) {
      atomicStore(&sh_histogram[bin], 0u);
    }
    workgroupBarrier();
    let prefix = sh_prefix;
    for (var q = lane; q < blocks; q += WORKGROUP_SIZE) {
      let differences = (key_block(q) ^ vec4u(prefix)) >> vec4u(shift);
      count_byte(differences.x);
      count_byte(differences.y);
      count_byte(differences.z);
      count_byte(differences.w);
    }
    workgroupBarrier();
    if (lane == 0u) {
      // From the highest bin down: the one in which the wanted-th key lies.
      var wanted = sh_wanted;
      var bin = 255u;
      for (; bin > 0u; bin--) {
        let here = atomicLoad(&sh_histogram[bin]);
        if (here >= wanted) {
          break;
        }
        wanted -= here;
      }
      sh_wanted = wanted;
      sh_prefix = prefix | (bin << shift);
    }
    workgroupBarrier();
  }
}

// The sum of what the lanes before this one own.
fn sum_before(lane: u32, own: u32) -> u32 {
  atomicStore(&sh_histogram[lane], own);
  workgroupBarrier();
  var before = 0u;
  for (var other = 0u; other < lane; other++) {
    before += atomicLoad(&sh_histogram[other]);
  }
  workgroupBarrier();
  return before;
}

// Takes what is above the threshold, and of the ties as many as are wanted, lowest index first: each lane owns a stretch.
fn fill_blocks(lane: u32, blocks: u32, listing: bool) {
  let threshold = sh_prefix;
  let wanted = sh_wanted;
  let stretch = (blocks + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
  let first = min(lane * stretch, blocks);
  let last = min(first + stretch, blocks);
  var above = 0u;
  var ties = 0u;
  for (var q = first; q < last; q++) {
    let keys = key_block(q);
    above += count_true(keys > vec4u(threshold));
    ties += count_true((keys == vec4u(threshold)) & (keys != vec4u()));
  }
  let tied_before = min(sum_before(lane, ties), wanted);
  var position = tied_before;
  if (GROUPED | ORDERED) {
    position += sum_before(lane, above);
  }
  var fill = Fill(threshold, wanted - tied_before, position);
  for (var q = first; q < last; q++) {
    fill = fill_block(fill, q, key_block(q), listing);
  }
  if ((GROUPED | ORDERED) & (lane == WORKGROUP_SIZE - 1u)) {
    tell_chosen(fill.position, threshold);
  }
}
