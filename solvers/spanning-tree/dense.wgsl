// The complete graph: weights [n, n], of which those above the diagonal are the edges.

fn vertices() -> u32 {
  return extent(0u);
}

fn ends_of(edge: u32) -> vec2u {
  let ends = vec2u(edge / vertices(), edge % vertices());
  return select(vec2u(), ends, ends.x < ends.y);
}
