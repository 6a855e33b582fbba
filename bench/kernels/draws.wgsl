// What a law of noise costs where it is used: every lane draws BLOCKS times four numbers and keeps their sum alone.
// Composed in front: `noise4` of the law, and BLOCKS; behind: lanes.wgsl.

struct Uniforms {
  key: vec4u,
  lanes: u32,
}

fn work(i: u32) -> vec4f {
  var sum = vec4f();
  for (var block = 0u; block < BLOCKS; block++) {
    sum += noise4(vec4u(block, 0u, i, uniforms.key.z), uniforms.key.xy);
  }
  return sum;
}
