// Noise by itself: y[instance][sample][i] is the ε that a perturbed solver sees for (instance, sample, i).
// One lane writes one block of four.
#import lanes

struct Uniforms {
  random_place: vec4u,
  count: u32,
  first_instance: u32,
  first_sample: u32,
  samples: u32,
  size: u32,
  laws: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn run(job: u32) {
  let blocks = (uniforms.size + 3u) / 4u;
  let row = job / blocks;
  let q = job % blocks;
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
