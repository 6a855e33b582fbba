// The distances, for who wants them, a row of cells a part.

fn tell_row(part: u32) {
  for (var column = 0u; column < select(0u, WIDTH, wants_distance()); column++) {
    emit_distance(part * WIDTH + column, distance_told(work_load(cell_of(vec2u(part, column)))));
  }
}
