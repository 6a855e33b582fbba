// The ceiling of arithmetic: independent chains of fused multiply-adds on vec4f a lane, in registers. The factors come
// from uniforms, so that nothing can be worked out beforehand.
// Composed in front: ROUNDS and `run_chains` (bench/kernels.ts); behind: lanes.wgsl.

struct Uniforms {
  factor: vec4f,
  term: vec4f,
  lanes: u32,
}

fn work(i: u32) -> vec4f {
  return run_chains(vec4f(f32(i)), uniforms.factor, uniforms.term);
}
