// Windows of one size, a stride apart, over an image with padding that no window sees: vectors are (vertical,
// horizontal), and boxes end before `end`. The padding is at most half a window, so that no window is empty.
// Size, stride and padding are constants, so that divisions by a stride become cheap.

const SIZE = vec2u(SIZE_Y, SIZE_X);
const STRIDE = vec2u(STRIDE_Y, STRIDE_X);
const PADDING = vec2u(PADDING_Y, PADDING_X);

struct Uniforms {
  count: u32,
  image: vec4u,
  windows: vec4u,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;

struct Box {
  start: vec2u,
  end: vec2u,
}

fn pixels_of(window: vec2u) -> Box {
  let start = window * STRIDE;
  let end = min(start + SIZE, uniforms.image.xy + PADDING);
  return Box(max(start, PADDING) - PADDING, end - PADDING);
}

fn windows_over(pixel: vec2u) -> Box {
  let place = pixel + PADDING;
  // The first window that ends behind the pixel: 0 unless the pixel lies behind the first window.
  let first = (max(place + STRIDE, SIZE) - SIZE) / STRIDE;
  return Box(first, min(place / STRIDE + 1u, uniforms.windows.xy));
}

// The padding counts as zeros.
fn divisor_of(pixels: Box) -> u32 {
  return SIZE.x * SIZE.y;
}
