// Windows of one size, a stride apart, over an image with padding that no window sees: vectors are (vertical,
// horizontal), and boxes end before `end`. The padding is at most half a window, so that no window is empty.

struct Uniforms {
  count: u32,
  image: vec4u,
  windows: vec4u,
  size: vec4u,
  stride: vec4u,
  padding: vec4u,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;

struct Box {
  start: vec2u,
  end: vec2u,
}

fn pixels_of(window: vec2u) -> Box {
  let padding = uniforms.padding.xy;
  let start = window * uniforms.stride.xy;
  let end = min(start + uniforms.size.xy, uniforms.image.xy + padding);
  return Box(max(start, padding) - padding, end - padding);
}

fn windows_over(pixel: vec2u) -> Box {
  let place = pixel + uniforms.padding.xy;
  let size = uniforms.size.xy;
  let stride = uniforms.stride.xy;
  // The first window that ends behind the pixel: 0 unless the pixel lies behind the first window.
  let first = (max(place + stride, size) - size) / stride;
  return Box(first, min(place / stride + 1u, uniforms.windows.xy));
}

// The padding counts as zeros.
fn divisor_of(pixels: Box) -> u32 {
  return uniforms.size.x * uniforms.size.y;
}
