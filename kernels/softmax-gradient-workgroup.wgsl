// dx of softmax or its logarithm, as softmax-gradient-lanes.wgsl, along the last axis of [outer, length]: one workgroup
// a row. Lane l has the elements l, l + LANES, ….

#import folds
#import rows

@group(0) @binding(1) var<storage, read> y: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

alias V = f32;

fn run(row: u32, start: u32, end: u32, lane: u32) {
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    total += slope_term(y[at], dy[at]);
  }
  let sum = T(sum_over_lanes(lane, together(total)));
  for (var at = start + lane; at < end; at += LANES) {
    dx[at] = slope(y[at], dy[at], sum);
  }
}
