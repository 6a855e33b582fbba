// The k-th largest key by bisection over its bits, reading the kept keys 32 times: for any k.
// Invariant: `threshold` is the largest value, among those with the bits decided so far, that at least k keys reach.

fn select_start() {}

fn select_insert(key: u32) {}

// The threshold, and how many keys are above it.
fn select_threshold(k: u32) -> vec2u {
  var threshold = 0u;
  for (var bit = 0u; bit < 32u; bit++) {
    let candidate = threshold | (0x80000000u >> bit);
    var reaching = 0u;
    for (var i = 0u; i < size(); i++) {
      reaching += select(0u, 1u, work_load(i) >= candidate);
    }
    threshold = select(threshold, candidate, reaching >= k);
  }
  var above = 0u;
  for (var i = 0u; i < size(); i++) {
    above += select(0u, 1u, work_load(i) > threshold);
  }
  return vec2u(threshold, above);
}
