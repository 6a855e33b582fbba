// Entry point of the lane strategy where one invocation solves all samples of its instance, one after the other: nobody
// else writes the instance's states, so they are added without atomics, and their mean is taken here.
// lavapipe ends an invocation's loops, silently, after 65,535 iterations altogether: solvers/means.ts counts them.
#import grid

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = linear_invocation(workgroup, workgroups, lane, LANES);
  if (slot >= uniforms.jobs) {
    return;
  }
  let instance = uniforms.first_job + slot;
  begin_states(instance);
  place_at(instance, 0u, slot);
  hold_weights();
  for (var sample = 0u; sample < uniforms.samples; sample++) {
    place_at(instance, sample, slot);
    before_solve(0u, 1u);
    call_solve(0u, 0u);
  }
  finish_states(instance);
}

// 0, which no compiler knows: lavapipe compiles a kernel anew, at every dispatch, for the values of uniforms that bound
// its loops (15 ms each, for kernels of some length).
fn unknown_zero() -> u32 {
  return at_slot >> 31u;
}
