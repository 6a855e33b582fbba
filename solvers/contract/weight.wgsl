// What a solver reads. source4(q) is supplied by the caller of the solver: plain weights, perturbed ones, or a target's.
// Beyond the end of an instance weights are neutral: never chosen, whatever the sense. One call may cost a random draw.

fn weight4(q: u32) -> vec4f {
  let index = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(NEUTRAL), source4(q), index < vec4u(uniforms.size));
}

fn weight(i: u32) -> f32 {
  return weight4(i >> 2u)[i & 3u];
}
