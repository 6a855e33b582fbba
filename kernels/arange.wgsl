// result[i] = start + i·step, four a lane. T is the type of the elements, S that of one.

#import grid

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<T>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, LANES);
  if (i < uniforms.count) {
    let place = 4u * i + vec4u(0u, 1u, 2u, 3u);
    result[i] = T(uniforms.start) + T(place) * T(uniforms.step);
  }
}
