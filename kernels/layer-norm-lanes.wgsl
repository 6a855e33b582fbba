// y = (x − mean)·inverse·weight + bias along the last axis of [rows, length]: one lane a row, no barriers.
// Elements are taken less the row's first one, so that means far from 0 lose nothing; the second run corrects the mean
// of the first (Chan, Golub, LeVeque 1983, Eq. 1.7). `weight_at` and `bias_at` are composed in front.

#import lanes

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> inverses: array<f32>;

fn run(row: u32) {
  let length = uniforms.length;
  let start = row * length;
  let first = first_of(x[start]);
  var total = T(0);
  for (var k = 0u; k < length; k++) {
    total += x[start + k] - T(first);
  }
  let mean = together(total) * uniforms.share;
  var rest = T(0);
  var squares = T(0);
  for (var k = 0u; k < length; k++) {
    let d = (x[start + k] - T(first)) - T(mean);
    rest += d;
    squares += d * d;
  }
  let correction = together(rest) * uniforms.share;
  let variance = max(together(squares) * uniforms.share - correction * correction, 0.0);
  let inverse = inverseSqrt(variance + uniforms.epsilon);
  let centre = mean + correction;
  means[row] = first + centre;
  inverses[row] = inverse;
  for (var k = 0u; k < length; k++) {
    let centred = (x[start + k] - T(first)) - T(centre);
    y[start + k] = centred * T(inverse) * weight_at(k) + bias_at(k);
  }
}
