// What every lane of a grid works out for itself: one store a lane, next to nothing, so that memory is out of it.
// Composed in front: Uniforms, with `lanes` in it, and `work(i: u32) -> vec4f`, which may read `uniforms`.

#import grid

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, 64u);
  let end = work(i);
  if (i < uniforms.lanes) {
    result[i] = end;
  }
}
