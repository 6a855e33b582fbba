// m windows that cover n pixels: window i goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉, so neighbours may share pixels. Vectors are
// (vertical, horizontal), and boxes end before `end`. The host keeps the products below 2³².

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
  let n = uniforms.image.xy;
  let m = uniforms.windows.xy;
  return Box(window * n / m, ((window + 1u) * n + m - 1u) / m);
}

// ⌊i·n/m⌋ ≤ p and ⌈(i + 1)·n/m⌉ > p, solved for i.
fn windows_over(pixel: vec2u) -> Box {
  let n = uniforms.image.xy;
  let m = uniforms.windows.xy;
  return Box(pixel * m / n, ((pixel + 1u) * m + n - 1u) / n);
}

fn divisor_of(pixels: Box) -> u32 {
  let size = pixels.end - pixels.start;
  return size.x * size.y;
}
