// One-dimensional work on a two-dimensional grid of workgroups.
// A dispatch has at most 65,535 workgroups a dimension, so the host folds longer ones into rows (engine/commands.ts);
// these give back the linear indices. The last row may be partly idle: callers must check against their own count.

fn linear_workgroup(workgroup: vec3u, workgroups: vec3u) -> u32 {
  return workgroup.x + workgroup.y * workgroups.x;
}

fn linear_invocation(workgroup: vec3u, workgroups: vec3u, lane: u32, lanes: u32) -> u32 {
  return linear_workgroup(workgroup, workgroups) * lanes + lane;
}
