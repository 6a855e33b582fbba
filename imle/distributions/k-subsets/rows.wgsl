// What the kernels that go through the items of a row share: one lane a row, for items first … first + items − 1. Its
// numbers lie in blocks of four, in registers or in `work` [block, rows] (blocks.ts), and are kept there from one
// dispatch to the next.
#import lanes

struct Uniforms {
  count: u32,
  n: u32,
  k: u32,
  first: u32,
  items: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> work: array<vec4f>;

var<private> at_row: u32;

// Where block b of an item's chances lies; k is rounded up to whole blocks.
fn chances_at(item: u32, b: u32) -> u32 {
  return (item * BLOCKS + b) * uniforms.count + at_row;
}
