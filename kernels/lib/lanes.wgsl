// The entry point of a kernel without barriers, which supplies `run(i)`: a lane for each i below uniforms.count.

#import grid

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, LANES);
  if (i < uniforms.count) {
    run(i);
  }
}
