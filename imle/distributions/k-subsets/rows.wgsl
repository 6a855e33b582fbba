// What the kernels that go through the items of a row share: one lane a row, for items first … first + items − 1, which
// keeps its numbers in `work` [number, rows] from one dispatch to the next.
#import grid

struct Uniforms {
  rows: u32,
  n: u32,
  k: u32,
  first: u32,
  items: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> work: array<f32>;

fn row_of(workgroup: vec3u, workgroups: vec3u, lane: u32) -> u32 {
  return linear_invocation(workgroup, workgroups, lane, LANES);
}
