// The ceiling of arithmetic: eight independent chains of fused multiply-adds on vec4f a lane, in registers, two of each
// in a round. The factors come from uniforms, so that nothing can be worked out beforehand. One store a lane: next to
// nothing.
// Composed in front: ROUNDS.

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
  let factor = uniforms.factor;
  let term = uniforms.term;
  var a = vec4f(f32(i));
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  var e = a + 4.0;
  var f = a + 5.0;
  var g = a + 6.0;
  var h = a + 7.0;
  for (var round = 0u; round < ROUNDS; round++) {
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
    e = fma(e, factor, term);
    f = fma(f, factor, term);
    g = fma(g, factor, term);
    h = fma(h, factor, term);
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
    e = fma(e, factor, term);
    f = fma(f, factor, term);
    g = fma(g, factor, term);
    h = fma(h, factor, term);
  }
  if (i < uniforms.lanes) {
    result[i] = ((a + b) + (c + d)) + ((e + f) + (g + h));
  }
}
