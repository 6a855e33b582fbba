// Entry point of the lane strategy: one invocation solves one (instance, sample) after the other; no barriers.
// An invocation is one part of one slot; slots step through the jobs of this dispatch.
#import grid

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = linear_invocation(workgroup, workgroups, lane, 64u);
  let slot = invocation / uniforms.parts;
  if (slot >= uniforms.slots) {
    return;
  }
  for (var job = uniforms.first_job + slot; job < uniforms.last_job; job += uniforms.slots) {
    place(job, slot);
    before_solve(0u, 1u);
    call_solve(0u, invocation % uniforms.parts);
  }
}
