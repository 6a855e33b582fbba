// dx of average-pool.wgsl: one lane a pixel, which adds its part of the dy of every window over it, in their order.

#import lanes

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

fn run(i: u32) {
  let area = uniforms.image.x * uniforms.image.y;
  let place = i % area;
  let windows = windows_over(vec2u(place / uniforms.image.y, place % uniforms.image.y));
  let columns = uniforms.windows.y;
  let plane = (i / area) * uniforms.windows.x * columns;
  var sum = 0.0;
  for (var row = windows.start.x; row < windows.end.x; row++) {
    for (var column = windows.start.y; column < windows.end.y; column++) {
      let divisor = divisor_of(pixels_of(vec2u(row, column)));
      sum += dy[plane + row * columns + column] / f32(divisor);
    }
  }
  dx[i] = sum;
}
