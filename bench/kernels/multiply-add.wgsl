// The ceiling of arithmetic: independent chains of fused multiply-adds on vec4f a lane, in registers. The factors come
// from uniforms, so that nothing can be worked out beforehand. One store a lane: next to nothing.
// Composed in front: ROUNDS and `run_chains` (bench/kernels.ts).

#import grid

struct Uniforms {
  factor: vec4f,
  term: vec4f,
  lanes: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = linear_invocation(workgroup, workgroups, lane, 64u);
  let end = run_chains(vec4f(f32(i)), uniforms.factor, uniforms.term);
  if (i < uniforms.lanes) {
    result[i] = end;
  }
}
