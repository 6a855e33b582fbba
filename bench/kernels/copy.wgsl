// The ceiling of memory: each lane copies TURNS vec4f, those of neighbouring lanes beside each other.

#import grid

struct Uniforms {
  count: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (linear_invocation(workgroup, workgroups, lane, 64u) - lane) * TURNS + lane;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = first + turn * 64u;
    if (i < uniforms.count) {
      result[i] = source[i];
    }
  }
}
