// What a solver that reads its weights often reads: the library draws each weight once, into the tail of the slot's
// workspace (fill_weights, before solve), and gives it from there.

fn drawn4(q: u32) -> vec4f {
  let index = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(NEUTRAL), source4(q), index < vec4u(uniforms.size));
}

// Lane `first` of `lanes` draws every lanes-th block of four.
fn fill_weights(first: u32, lanes: u32) {
  let blocks = (uniforms.size + 3u) / 4u;
  for (var q = first; q < blocks; q += lanes) {
    let drawn = bitcast<vec4u>(drawn4(q));
    let base = uniforms.workspace + 4u * q;
    work_store(base, drawn.x);
    work_store(base + 1u, drawn.y);
    work_store(base + 2u, drawn.z);
    work_store(base + 3u, drawn.w);
  }
}

fn weight(i: u32) -> f32 {
  return select(NEUTRAL, bitcast<f32>(work_load(uniforms.workspace + i)), i < uniforms.size);
}

fn weight4(q: u32) -> vec4f {
  let i = 4u * q;
  return vec4f(weight(i), weight(i + 1u), weight(i + 2u), weight(i + 3u));
}
