// The average of each window of [planes, height, width]: one lane a window. The windows, and by what their sums are
// divided, come from pool-windows-*.wgsl.

#import lanes

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn run(i: u32) {
  let rows = uniforms.windows.x;
  let columns = uniforms.windows.y;
  let pixels = pixels_of(vec2u((i / columns) % rows, i % columns));
  let width = uniforms.image.y;
  let plane = (i / (rows * columns)) * uniforms.image.x * width;
  var sum = 0.0;
  for (var row = pixels.start.x; row < pixels.end.x; row++) {
    // By rows first: shorter chains, smaller rounding errors.
    var row_sum = 0.0;
    for (var column = pixels.start.y; column < pixels.end.y; column++) {
      row_sum += x[plane + row * width + column];
    }
    sum += row_sum;
  }
  y[i] = sum / f32(divisor_of(pixels));
}
