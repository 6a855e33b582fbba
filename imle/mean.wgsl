// From counts of states to their mean, or to the difference of two means:
// y = scale · (Σ_s base[s] / base samples − counts / draws) over one element of an instance.
#import lanes

struct Uniforms {
  count: u32,
  size: u32,
  base_samples: u32,
  draws: f32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> counts: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn run(i: u32) {
  y[i] = uniforms.scale * (base_mean(i) - f32(counts[i]) / uniforms.draws);
}
