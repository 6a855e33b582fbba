// The ceiling of memory: each lane copies a block of BLOCK neighbouring vec4f. `copy_block` is composed in front of it.

#import lanes

const LANES = 64u;

struct Uniforms {
  count: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> source: array<array<vec4f, BLOCK>>;
@group(0) @binding(2) var<storage, read_write> result: array<array<vec4f, BLOCK>>;

fn run(i: u32) {
  copy_block(i);
}
