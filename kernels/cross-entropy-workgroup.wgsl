// log Σ exp of each row of [count, length], and the row's loss, by `finish`: one workgroup a row.
// Lane l has the elements l, l + LANES, ….

#import folds
#import rows

alias V = f32;

fn run(row: u32, start: u32, end: u32, lane: u32) {
  var highest = T(-0x1.fffffep+127f);
  for (var at = start + lane; at < end; at += LANES) {
    highest = max(highest, logits[at]);
  }
  let maximum = maximum_over_lanes(lane, largest(highest));
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    total += exp(logits[at] - T(maximum));
  }
  let sum = sum_over_lanes(lane, together(total));
  if (lane == 0u && row < uniforms.count) {
    finish(row, maximum, log(sum));
  }
}
