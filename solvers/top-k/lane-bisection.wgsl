// Top-k of one row by one invocation, for any k: each weight is drawn once and its key kept in the workspace; the k-th
// largest key is found two bits at a time, reading the keys 16 times; a last run fills the mask in order of index.
// Invariant: `threshold` is the largest value, among those with the bits decided so far, that at least k keys reach.
// Blocks of four, because lavapipe ends an invocation's loops after 65,535 iterations altogether.

fn kept4(q: u32) -> vec4u {
  let base = 4u * q;
  return vec4u(work_load(base), work_load(base + 1u), work_load(base + 2u), work_load(base + 3u));
}

fn count_true(each: vec4<bool>) -> u32 {
  let ones = select(vec4u(0u), vec4u(1u), each);
  return ones.x + ones.y + ones.z + ones.w;
}

// Emits element i; 1 where it took one of the ties.
fn top_k_fill(i: u32, key: u32, threshold: u32, ties: u32) -> u32 {
  if (i >= size()) {
    return 0u;
  }
  let tied = key == threshold && ties > 0u && key != 0u;
  emit(i, select(0, 1, key > threshold || tied));
  return select(0u, 1u, tied);
}

fn solve() {
  let k = parameter_k();
  let blocks = (size() + 3u) / 4u;
  for (var q = 0u; q < blocks; q++) {
    let base = 4u * q;
    // Padded by index: no value is certain to be below every weight, but no weight has the key 0.
    let inside = vec4u(base) + vec4u(0u, 1u, 2u, 3u) < vec4u(size());
    let keys = select(vec4u(0u), top_k_keys(weight4(q)), inside);
    work_store(base, keys.x);
    work_store(base + 1u, keys.y);
    work_store(base + 2u, keys.z);
    work_store(base + 3u, keys.w);
  }

  var threshold = 0u;
  for (var shift = 32u; shift > 0u; shift -= 2u) {
    let unit = 1u << (shift - 2u);
    var reaching = vec3u(0u);
    for (var q = 0u; q < blocks; q++) {
      let keys = kept4(q);
      reaching += vec3u(
        count_true(keys >= vec4u(threshold + unit)),
        count_true(keys >= vec4u(threshold + 2u * unit)),
        count_true(keys >= vec4u(threshold + 3u * unit)),
      );
    }
    threshold += unit * count_true(vec4<bool>(reaching >= vec3u(k), false));
  }
  var above = 0u;
  for (var q = 0u; q < blocks; q++) {
    above += count_true(kept4(q) > vec4u(threshold));
  }

  var ties = k - above;
  for (var q = 0u; q < blocks; q++) {
    let keys = kept4(q);
    let i = 4u * q;
    ties -= top_k_fill(i, keys.x, threshold, ties);
    ties -= top_k_fill(i + 1u, keys.y, threshold, ties);
    ties -= top_k_fill(i + 2u, keys.z, threshold, ties);
    ties -= top_k_fill(i + 3u, keys.w, threshold, ties);
  }
}
