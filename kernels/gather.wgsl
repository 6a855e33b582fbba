// y[outer, position, inner] = x[outer, index, inner], words copied as they are.
// One lane moves one T. `index_place` (a piece) says which of the indices belongs to it: one for all outer and inner
// (gather), or one for each (takeAlongAxis). An index out of range gives 0 and is reported, the lowest place first.

#import lanes

struct Uniforms {
  count: u32,
  positions: u32,
  inner: u32,
  length: u32,
  status_word: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(0) @binding(4) var<storage, read_write> status: array<atomic<u32>>;

fn run(i: u32) {
  let row = i / uniforms.inner;
  let inner = i % uniforms.inner;
  let outer = row / uniforms.positions;
  let place = index_place(outer, row % uniforms.positions, inner, uniforms.positions, uniforms.inner);
  let index = indices[place];
  var value = T();
  if (index < uniforms.length) {
    value = x[(outer * uniforms.length + index) * uniforms.inner + inner];
  } else {
    atomicMax(&status[uniforms.status_word], (1u << 24u) | (0xffffffu - min(place, 0xffffffu)));
  }
  y[i] = value;
}
