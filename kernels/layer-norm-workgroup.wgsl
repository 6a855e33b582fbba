// y = (x − mean)·inverse·weight + bias along the last axis of [rows, length], as layer-norm-lanes.wgsl: one workgroup a
// row. Lane l has the elements l, l + LANES, ….

#import folds
#import rows

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverses: array<f32>;

alias V = vec2f;

fn run(row: u32, start: u32, end: u32, lane: u32) {
  let first = first_of(x[select(0u, start, row < uniforms.count)]);
  var total = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    total += x[at] - T(first);
  }
  let mean = sum_over_lanes(lane, vec2f(together(total), 0)).x * uniforms.share;
  var rest = T(0);
  var squares = T(0);
  for (var at = start + lane; at < end; at += LANES) {
    let d = (x[at] - T(first)) - T(mean);
    rest += d;
    squares += d * d;
  }
  let sums = sum_over_lanes(lane, vec2f(together(rest), together(squares))) * uniforms.share;
  let inverse = inverseSqrt(max(sums.y - sums.x * sums.x, 0.0) + uniforms.epsilon);
  let centre = mean + sums.x;
  if (lane == 0u && row < uniforms.count) {
    means[row] = first + centre;
    inverses[row] = inverse;
  }
  for (var at = start + lane; at < end; at += LANES) {
    let centred = (x[at] - T(first)) - T(centre);
    y[at] = centred * T(inverse) * weight_at(at - start) + bias_at(at - start);
  }
}
