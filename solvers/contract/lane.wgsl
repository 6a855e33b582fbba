// Entry point of the lane strategy: one invocation solves one (instance, sample), or one part of it; no barriers.
// Jobs beyond the slots of the workspace come in further dispatches, not in a loop here: lavapipe ends an invocation's
// loops, silently, after 65,535 iterations altogether, and those are the solver's.
#import grid

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = linear_invocation(workgroup, workgroups, lane, LANES);
  let slot = invocation / uniforms.parts;
  if (slot >= uniforms.jobs) {
    return;
  }
  place(uniforms.first_job + slot, slot);
  before_solve(0u, 1u);
  call_solve(0u, invocation % uniforms.parts);
}

// 0, which no compiler knows: lavapipe compiles a kernel anew, at every dispatch, for the values of uniforms that bound
// its loops (15 ms each, for kernels of some length).
fn unknown_zero() -> u32 {
  return at_slot >> 31u;
}
