// y = softmax(x), or its logarithm where LOGARITHM is 1, along the last axis of [outer, length]: one workgroup a row.
// Lane l has the elements l, l + LANES, ….

#import folds
#import rows

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

alias V = f32;

fn run(row: u32, start: u32, end: u32, lane: u32) {
  var highest = T(-0x1.fffffep+127f);
  for (var at = start + lane; at < end; at += LANES) {
    highest = max(highest, x[at]);
  }
  let maximum = maximum_over_lanes(lane, largest(highest));
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    let e = exp(x[at] - T(maximum));
    total += e;
    if (LOGARITHM == 0u) {
      y[at] = e;
    }
  }
  let sum = sum_over_lanes(lane, together(total));
  let log_sum = log(sum);
  for (var at = start + lane; at < end; at += LANES) {
    if (LOGARITHM == 0u) {
      y[at] = y[at] / T(sum);
    } else {
      y[at] = (x[at] - T(maximum)) - T(log_sum);
    }
  }
}
