// Top-k of one row by one invocation, in two runs over the row.
// First run: draws each weight once, keeps its key in the workspace, and has the threshold (the k-th largest key) found
// by select_start / _insert / _threshold, which are a sorted list in registers (small k) or a bisection over the kept keys.
// Second run: ones above the threshold, and for the first keys equal to it until there are k.

fn solve() {
  let k = parameter_k();
  let blocks = (size() + 3u) / 4u;
  select_start();
  for (var q = 0u; q < blocks; q++) {
    let base = 4u * q;
    // Padded by index: no value is certain to be below every weight, but no key is below 0.
    let inside = vec4u(base) + vec4u(0u, 1u, 2u, 3u) < vec4u(size());
    let keys = select(vec4u(0u), top_k_keys(weight4(q)), inside);
    work_store(base, keys.x);
    work_store(base + 1u, keys.y);
    work_store(base + 2u, keys.z);
    work_store(base + 3u, keys.w);
    select_insert(keys.x);
    select_insert(keys.y);
    select_insert(keys.z);
    select_insert(keys.w);
  }
  let threshold = select_threshold(k);
  var ties = k - threshold.y;
  for (var q = 0u; q < blocks; q++) {
    let i = 4u * q;
    ties -= top_k_fill(i, threshold.x, ties);
    ties -= top_k_fill(i + 1u, threshold.x, ties);
    ties -= top_k_fill(i + 2u, threshold.x, ties);
    ties -= top_k_fill(i + 3u, threshold.x, ties);
  }
}

// Emits element i; 1 where it took one of the ties.
fn top_k_fill(i: u32, threshold: u32, ties: u32) -> u32 {
  if (i >= size()) {
    return 0u;
  }
  let key = work_load(i);
  let tied = key == threshold && ties > 0u;
  emit(i, select(0, 1, key > threshold || tied));
  return select(0u, 1u, tied);
}
