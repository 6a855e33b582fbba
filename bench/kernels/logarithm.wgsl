// The ceiling of the logarithm: four independent chains of log on vec4f a lane, kept above 1 so that each can go on.
// Composed in front: ROUNDS; behind: lanes.wgsl.

struct Uniforms {
  term: vec4f,
  lanes: u32,
}

fn work(i: u32) -> vec4f {
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
  return (a + b) + (c + d);
}
