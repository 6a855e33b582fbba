// Entry point of the workgroup strategy: one workgroup solves one (instance, sample), or one part of it.
// The condition is uniform, so that solve may use barriers.
#import grid

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(workgroup, workgroups);
  let slot = index / uniforms.parts;
  if (slot >= uniforms.jobs) {
    return;
  }
  place(uniforms.first_job + slot, slot);
  before_solve(lane, WORKGROUP_SIZE);
  call_solve(lane, index % uniforms.parts);
}

// Bounds of loops around barriers must be uniform: see lane.wgsl.
fn unknown_zero() -> u32 {
  return 0u;
}
