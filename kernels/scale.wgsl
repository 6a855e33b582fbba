// x ← factor·x, in place, the factor on the device. One lane owns one T.

#import lanes

struct Uniforms {
  count: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> x: array<T>;
@group(0) @binding(2) var<storage, read> factor: array<f32>;

fn run(i: u32) {
  x[i] = factor[0] * x[i];
}
