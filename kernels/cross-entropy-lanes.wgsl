// log Σ exp of each row of [count, length], and the row's loss, by `finish`: one lane a row, no barriers.
// T is one element or four neighbours. kernels/lib/cross-entropy.wgsl declares the rest.

#import lanes

fn run(row: u32) {
  let start = row * uniforms.length;
  let end = start + uniforms.length;
  var highest = logits[start];
  for (var at = start + 1u; at < end; at++) {
    highest = max(highest, logits[at]);
  }
  let maximum = largest(highest);
  var total = T(0);
  for (var at = start; at < end; at++) {
    total += exp(logits[at] - T(maximum));
  }
  finish(row, maximum, log(together(total)));
}
