// The ceiling of memory: each lane copies a block of BLOCK neighbouring vec4f. `copy_block` is composed in front of it.

#import grid

struct Uniforms {
  count: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> source: array<array<vec4f, BLOCK>>;
@group(0) @binding(2) var<storage, read_write> result: array<array<vec4f, BLOCK>>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, 64u);
  if (i < uniforms.count) {
    copy_block(i);
  }
}
