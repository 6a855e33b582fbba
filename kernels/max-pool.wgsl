// The greatest pixel of each window of [planes, height, width], the first in row-major order among equals: one lane a
// window. The windows come from pool-windows-*.wgsl; `keep_place` is composed in front, for a gradient or for none.

#import lanes

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn run(i: u32) {
  let rows = uniforms.windows.x;
  let columns = uniforms.windows.y;
  let pixels = pixels_of(vec2u((i / columns) % rows, i % columns));
  let width = uniforms.image.y;
  let plane = (i / (rows * columns)) * uniforms.image.x * width;
  var place = pixels.start.x * width + pixels.start.y;
  var highest = x[plane + place];
  for (var row = pixels.start.x; row < pixels.end.x; row++) {
    for (var column = pixels.start.y; column < pixels.end.y; column++) {
      let candidate = row * width + column;
      let value = x[plane + candidate];
      if (value > highest) {
        highest = value;
        place = candidate;
      }
    }
  }
  y[i] = highest;
  keep_place(i, place);
}
