// The entry point of a kernel that gives a workgroup to each of uniforms.count rows, whose elements, or vectors of four,
// are those from `start` to `end`: it supplies `run`. Workgroups beyond the last row run it as well and find it empty;
// what is written once a row must ask for row < uniforms.count.

#import grid

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups);
  let start = row * uniforms.length;
  run(row, start, select(start, start + uniforms.length, row < uniforms.count), lane);
}
