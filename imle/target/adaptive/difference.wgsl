// The gradient from states of both sides: y = factor/(S·λ)·Σ_s (upper_s − lower_s), not divided where λ is 0, and how
// many of the differences are not 0, which cancel in the sum. One lane an element; samples may come in several parts,
// whose sums stay whole numbers (of 1/M) in y until the last. A State is f32, or i32, the sum of a sample's M draws.
#import grid

struct Uniforms {
  elements: u32,
  size: u32,
  samples: u32,
  upper_samples: u32,
  upper_first: u32,
  is_first: u32,
  is_last: u32,
  all_samples: f32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> upper: array<State>;
@group(0) @binding(2) var<storage, read> lower: array<State>;
@group(0) @binding(3) var<storage, read> state: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> differing: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, 64u);
  if (i >= uniforms.elements) {
    return;
  }
  let instance = i / uniforms.size;
  let element = i % uniforms.size;
  let upper_row = instance * uniforms.upper_samples + uniforms.upper_first;
  let lower_row = instance * uniforms.samples;
  var sum = 0.0;
  var count = 0u;
  for (var s = 0u; s < uniforms.samples; s++) {
    let a = upper[(upper_row + s) * uniforms.size + element];
    let b = lower[(lower_row + s) * uniforms.size + element];
    sum += f32(a - b);
    count += select(0u, 1u, a != b);
  }
  if (count > 0u) {
    atomicAdd(&differing[0], count);
  }
  if (uniforms.is_first == 0u) {
    sum += y[i];
  }
  if (uniforms.is_last == 1u) {
    let lambda = state[0].w;
    sum = sum / uniforms.all_samples * (uniforms.factor / select(1.0, lambda, lambda > 0.0));
  }
  y[i] = sum;
}
