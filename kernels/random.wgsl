// Random numbers, one Philox block, so four numbers, a lane: key (seed, stream), counter (lane, 0, 0, call).
// The host composes `distribution(words)` in front: engine/ops/create.ts.

#import lanes
#import philox

struct Uniforms {
  count: u32,
  seed: u32,
  stream: u32,
  call: u32,
  parameters: vec4f,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

fn run(i: u32) {
  let words = philox4(vec4u(i, 0u, 0u, uniforms.call), vec2u(uniforms.seed, uniforms.stream));
  result[i] = distribution(words);
}
