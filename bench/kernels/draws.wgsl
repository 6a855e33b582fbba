// What a law of noise costs where it is used: every lane draws BLOCKS times four numbers and keeps their sum alone, so
// that memory is out of it. Composed in front: `noise4` of the law, and BLOCKS.

#import grid

struct Uniforms {
  key: vec4u,
  lanes: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, 64u);
  var sum = vec4f();
  for (var block = 0u; block < BLOCKS; block++) {
    sum += noise4(vec4u(block, 0u, i, uniforms.key.z), uniforms.key.xy);
  }
  if (i < uniforms.lanes) {
    result[i] = sum;
  }
}
