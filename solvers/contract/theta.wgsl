// The weights as the caller gave them, in blocks of four: `[instance][i]`, as vec4 where rows are whole blocks.

fn theta4(q: u32) -> vec4f {
  return load4_theta(at_instance, q);
}
