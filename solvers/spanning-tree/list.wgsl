// A graph as a list of edges; one that ends outside of the vertices is reported, and never taken.

fn vertices() -> u32 {
  return parameter_vertices();
}

fn ends_of(edge: u32) -> vec2u {
  let ends = vec2i(input_edges(2u * edge), input_edges(2u * edge + 1u));
  let inside = all((ends >= vec2i()) & (ends < vec2i(i32(vertices()))));
  if (!inside) {
    report(REPORT_OUTSIDE);
  }
  return select(vec2u(), vec2u(ends), inside);
}
