// y = x·scale, or 0 where a random word lies below the threshold: one lane a T, four neighbours or one.
// Element i has word i % 4 of the Philox block of key (seed, stream), counter (i / 4, 0, 0, call), however many a lane
// takes: the backward pass is this kernel on dy, and draws the same words again.

#import lanes
#import philox

struct Uniforms {
  count: u32,
  seed: u32,
  stream: u32,
  call: u32,
  threshold: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

fn block(i: u32) -> vec4u {
  return philox4(vec4u(i, 0u, 0u, uniforms.call), vec2u(uniforms.seed, uniforms.stream));
}

fn run(i: u32) {
  y[i] = select(T(0), x[i] * uniforms.scale, words_of(i) >= U(uniforms.threshold));
}
