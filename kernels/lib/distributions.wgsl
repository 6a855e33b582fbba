// What `distribution` may be: four numbers of four words.

fn uniforms_from(words: vec4u) -> vec4f {
  return vec4f(uniform_from(words.x), uniform_from(words.y), uniform_from(words.z), uniform_from(words.w));
}

// In (low, high): the ends are the outermost f32 between the two, for the sum may round on to them.
fn uniform_between(words: vec4u) -> vec4f {
  let p = uniforms.parameters;
  return clamp(p.x + uniforms_from(words) * p.y, vec4f(p.z), vec4f(p.w));
}

// Box and Muller 1958. The radius needs log1p: near 1 the logarithm itself is off by more than its value.
fn normal_pairs(words: vec4u) -> vec4f {
  let u = uniforms_from(words);
  let radius = sqrt(vec2f(-2) * log1p(-u.xz));
  let angle = 6.283185307 * u.yw;
  let z = vec4f(radius * cos(angle), radius * sin(angle)).xzyw;
  return uniforms.parameters.x + uniforms.parameters.y * z;
}
