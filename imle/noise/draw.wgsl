// Noise by itself: y[instance][sample][i] is the ε that a perturbed solver sees for (instance, sample, i).
// One invocation writes one block of four.
#import grid

struct Uniforms {
  random_place: vec4u,
  first_instance: u32,
  first_sample: u32,
  samples: u32,
  size: u32,
  rows: u32,
  laws: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let blocks = (uniforms.size + 3u) / 4u;
  let invocation = linear_invocation(workgroup, workgroups, lane, 64u);
  let row = invocation / blocks;
  let q = invocation % blocks;
  if (row >= uniforms.rows) {
    return;
  }
  let place = uniforms.random_place;
  let sample = uniforms.first_sample + row % uniforms.samples;
  let instance = uniforms.first_instance + row / uniforms.samples;
  let drawn = noise4(vec4u(q, sample, instance, place.z), place.xy);
  for (var j = 0u; j < 4u; j++) {
    if (4u * q + j < uniforms.size) {
      y[row * uniforms.size + 4u * q + j] = drawn[j];
    }
  }
}
