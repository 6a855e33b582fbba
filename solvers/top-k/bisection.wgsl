// The k-th largest key, two bits at a time, reading the kept keys 16 times: for any k.
// Invariant: `threshold` is the largest value, among those with the bits decided so far, that at least k keys reach.
// Blocks of four, because lavapipe ends an invocation's loops after 65,535 iterations altogether.

fn select_start() {}

fn select_insert(key: u32) {}

fn kept4(q: u32) -> vec4u {
  let base = 4u * q;
  return vec4u(work_load(base), work_load(base + 1u), work_load(base + 2u), work_load(base + 3u));
}

fn count_true(each: vec4<bool>) -> u32 {
  let ones = select(vec4u(0u), vec4u(1u), each);
  return ones.x + ones.y + ones.z + ones.w;
}

// The threshold, and how many keys are above it. Keys beyond the row are kept as 0, which no candidate reaches.
fn select_threshold(k: u32) -> vec2u {
  let blocks = (size() + 3u) / 4u;
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
  return vec2u(threshold, above);
}
