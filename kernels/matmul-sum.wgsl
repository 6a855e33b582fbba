// The second stage of a product whose inner axis was split: adds up the parts, always in the same order.
// One lane adds one T, a number or four.

#import lanes

struct Uniforms {
  count: u32,
  parts: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> partial: array<T>;
@group(0) @binding(2) var<storage, read_write> product: array<T>;

fn run(index: u32) {
  var sum = partial[index];
  for (var part = 1u; part < uniforms.parts; part++) {
    sum += partial[part * uniforms.count + index];
  }
  product[index] = sum;
}
