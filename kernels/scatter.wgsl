// dx[outer, indices[i], inner] = dy[i] for i = (outer, position, inner): one lane an element, whose places are all
// different (they come from a sort), so that no two lanes write one.

#import lanes

struct Uniforms {
  count: u32,
  positions: u32,
  inner: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

fn run(i: u32) {
  let outer = i / uniforms.inner / uniforms.positions;
  dx[(outer * uniforms.length + indices[i]) * uniforms.inner + i % uniforms.inner] = dy[i];
}
