// Every word becomes `value`, the bits of a number of any dtype: four words a lane.

#import grid

struct Uniforms {
  count: u32,
  value: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<vec4u>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, LANES);
  if (i < uniforms.count) {
    result[i] = vec4u(uniforms.value);
  }
}
