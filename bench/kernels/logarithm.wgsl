// The ceiling of the logarithm: four independent chains of log on vec4f a lane, kept above 1 so that each can go on.
// One store a lane: next to nothing. Composed in front: ROUNDS.

#import grid

struct Uniforms {
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
  let term = uniforms.term;
  var a = term + f32(i);
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  for (var round = 0u; round < ROUNDS; round++) {
    a = log(a) + term;
    b = log(b) + term;
    c = log(c) + term;
    d = log(d) + term;
  }
  if (i < uniforms.lanes) {
    result[i] = (a + b) + (c + d);
  }
}
