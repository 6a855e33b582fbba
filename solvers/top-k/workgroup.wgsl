// Top-k of one row by one workgroup: radix selection, then an ordered fill (one read of the weights, one write).
// Layout: all keys of the row in workgroup memory, and a histogram of one byte of them (3,584 + 256 words of 4,096). Four passes from the highest
// byte on narrow the prefix of the k-th largest key. Then each lane owns a contiguous stretch of the row, so that ties
// are filled from the lowest index.
// Between barriers: sh_keys is written once, before the first barrier, and only read afterwards; sh_prefix and
// sh_wanted are written by lane 0 alone.

var<workgroup> sh_keys: array<u32, 3584>;
var<workgroup> sh_histogram: array<atomic<u32>, 256>;
var<workgroup> sh_prefix: u32;
var<workgroup> sh_wanted: u32;

fn solve(lane: u32) {
  let n = size();
  let k = parameter_k();
  for (var q = lane; q < (n + 3u) / 4u; q += WORKGROUP_SIZE) {
    let keys = top_k_keys(weight4(q));
    for (var j = 0u; j < 4u; j++) {
      sh_keys[4u * q + j] = keys[j];
    }
  }
  if (lane == 0u) {
    sh_prefix = 0u;
    sh_wanted = k;
  }

  for (var pass_ix = 0u; pass_ix < 4u; pass_ix++) {
    let shift = 24u - 8u * pass_ix;
    let decided = select(0u, 0xffffffffu << (shift + 8u), pass_ix > 0u);
    for (var byte = lane; byte < 256u; byte += WORKGROUP_SIZE) {
      atomicStore(&sh_histogram[byte], 0u);
    }
    workgroupBarrier();
    let prefix = sh_prefix;
    for (var i = lane; i < n; i += WORKGROUP_SIZE) {
      let key = sh_keys[i];
      if ((key & decided) == prefix) {
        atomicAdd(&sh_histogram[(key >> shift) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      // From the highest byte down: the bucket in which the wanted-th key of this prefix lies.
      var wanted = sh_wanted;
      var bucket = 255u;
      for (; bucket > 0u; bucket--) {
        let here = atomicLoad(&sh_histogram[bucket]);
        if (here >= wanted) {
          break;
        }
        wanted -= here;
      }
      sh_wanted = wanted;
      sh_prefix = prefix | (bucket << shift);
    }
    workgroupBarrier();
  }

  // sh_wanted of the keys equal to the threshold are taken, lowest index first.
  let threshold = sh_prefix;
  let stretch = (n + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
  let first = min(lane * stretch, n);
  let last = min(first + stretch, n);
  var own = 0u;
  for (var i = first; i < last; i++) {
    own += select(0u, 1u, sh_keys[i] == threshold);
  }
  // The histogram has done its work: now it holds how many ties each lane owns.
  atomicStore(&sh_histogram[lane], own);
  workgroupBarrier();
  var before = 0u;
  for (var other = 0u; other < lane; other++) {
    before += atomicLoad(&sh_histogram[other]);
  }
  var ties = sh_wanted - min(before, sh_wanted);
  for (var i = first; i < last; i++) {
    let key = sh_keys[i];
    let tied = key == threshold && ties > 0u && key != 0u;
    ties -= select(0u, 1u, tied);
    emit(i, select(0, 1, key > threshold || tied));
  }
}
