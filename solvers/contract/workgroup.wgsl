// Entry point of the workgroup strategy: one workgroup solves one (instance, sample) after the other.
// A workgroup is one part of one slot; slots step through the jobs of this dispatch. Everything in the loop's condition
// is uniform, so that solve may use barriers; the barrier at the end keeps the next job out of this one's memory.
#import grid

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(workgroup, workgroups);
  let slot = index / uniforms.parts;
  if (slot >= uniforms.slots) {
    return;
  }
  for (var job = uniforms.first_job + slot; job < uniforms.last_job; job += uniforms.slots) {
    place(job, slot);
    before_solve(lane, WORKGROUP_SIZE);
    call_solve(lane, index % uniforms.parts);
    if (job + uniforms.slots < uniforms.last_job) {
      workgroupBarrier();
      storageBarrier();
    }
  }
}
