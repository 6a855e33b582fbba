// The K largest elements of each stretch of the rows of [rows, length], the largest first: one lane a stretch, with a sorted
// list in registers. Their keys are those of sort-blocks.wgsl, so that stretches can be merged as those of a sort;
// `places` says where in the row each came from. A stretch of fewer ends with what comes after all elements.

#import lanes

struct Uniforms {
  count: u32,
  length: u32,
  stretches: u32,
  stretch: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

fn leave(at: u32, key: i32, place: u32) {
  keys[at] = ~(bitcast<u32>(key) ^ 0x80000000u);
  places[at] = place;
}

fn run(i: u32) {
  let row = i / uniforms.stretches * uniforms.length;
  let first = i % uniforms.stretches * uniforms.stretch;
  largest_start();
  for (var place = first; place < min(first + uniforms.stretch, uniforms.length); place++) {
    // The lowest key, which never enters, is a NaN.
    let key = max(ascending_key(x[row + place]), 1u);
    largest_insert(bitcast<i32>(key ^ 0x80000000u), place);
  }
  leave_all(i * K);
}
