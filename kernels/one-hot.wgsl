// y[place, class] = 1 where the index at that place is the class, else 0. One lane writes one element.
// An index out of range leaves its row 0 and is reported, the lowest place first.

#import lanes

struct Uniforms {
  count: u32,
  depth: u32,
  status_word: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> status: array<atomic<u32>>;

fn run(i: u32) {
  let place = i / uniforms.depth;
  let column = i % uniforms.depth;
  let index = indices[place];
  if (column == 0u && index >= uniforms.depth) {
    atomicMax(&status[uniforms.status_word], (1u << 24u) | (0xffffffu - min(place, 0xffffffu)));
  }
  y[i] = select(0.0, 1.0, index == column);
}
