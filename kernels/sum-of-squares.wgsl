// partial[offset + i] = Σ x² over the elements i, i + lanes, i + 2·lanes, … of one tensor: one lane a partial sum. T is
// one element or four neighbours. Several tensors write into one array of partial sums, each at its own offset.

#import lanes

struct Uniforms {
  count: u32,
  length: u32,
  offset: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

fn run(i: u32) {
  var squares = T();
  for (var at = i; at < uniforms.length; at += uniforms.count) {
    squares += x[at] * x[at];
  }
  partial[uniforms.offset + i] = together(squares);
}
