// y = softmax(x), or its logarithm where LOGARITHM is 1, along the middle axis of [outer, length, inner]: one lane a
// row (or four rows side by side), no barriers. T is what is loaded at once, W what a row comes to: engine/ops/softmax.ts.
// The maximum and the sum come in one pass (Milakov and Gimelshein 2018), which keeps one of each for each part of T:
// memory costs more than the exponentials, so a row is read twice and written once.

#import lanes

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

fn run(i: u32) {
  let inner = uniforms.inner;
  let start = (i / inner) * uniforms.length * inner + i % inner;
  let end = start + uniforms.length * inner;
  var highest = x[start];
  var total = T(0);
  var at = start;
  for (; at + 3u * inner < end; at += 4u * inner) {
    let a = x[at];
    let b = x[at + inner];
    let c = x[at + 2u * inner];
    let d = x[at + 3u * inner];
    let higher = max(highest, max(max(a, b), max(c, d)));
    let four = (exp(a - higher) + exp(b - higher)) + (exp(c - higher) + exp(d - higher));
    total = total * exp(highest - higher) + four;
    highest = higher;
  }
  for (; at < end; at += inner) {
    let a = x[at];
    let higher = max(highest, a);
    total = total * exp(highest - higher) + exp(a - higher);
    highest = higher;
  }
  let maximum = T(largest(highest));
  let sum = T(together(total * exp(highest - maximum)));
  if (LOGARITHM == 0u) {
    let share = T(1) / sum;
    for (at = start; at < end; at += inner) {
      y[at] = exp(x[at] - maximum) * share;
    }
  } else {
    let log_sum = log(sum);
    for (at = start; at < end; at += inner) {
      y[at] = (x[at] - maximum) - log_sum;
    }
  }
}
