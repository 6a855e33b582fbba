// result[i] = apply(i), for everything elementwise: one R a lane, a scalar or four neighbours.
// engine/ops/map.ts composes the operands' bindings, the Uniforms and `apply` in front of it.

#import grid

@group(0) @binding(1) var<storage, read_write> result: array<R>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, LANES);
  if (i < uniforms.count) {
    result[i] = apply(i);
  }
}
