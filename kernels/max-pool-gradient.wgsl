// dx of max-pool.wgsl: one lane a pixel, which adds the dy of the windows over it that have chosen it, in their order.
// So every destination has one owner, and the sums are the same bits every time.

#import lanes

@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

fn run(i: u32) {
  let area = uniforms.image.x * uniforms.image.y;
  let place = i % area;
  let windows = windows_over(vec2u(place / uniforms.image.y, place % uniforms.image.y));
  let columns = uniforms.windows.y;
  let plane = (i / area) * uniforms.windows.x * columns;
  var sum = 0.0;
  for (var row = windows.start.x; row < windows.end.x; row++) {
    for (var column = windows.start.y; column < windows.end.y; column++) {
      let window = plane + row * columns + column;
      sum += select(0.0, dy[window], places[window] == place);
    }
  }
  dx[i] = sum;
}
