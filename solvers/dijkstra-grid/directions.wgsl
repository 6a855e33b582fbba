// Directions of all cells, from the distances in the workspace.

const DISTANCES: u32 = QUEUE / 4u;

fn store_directions() {
  var above = far_row();
  var own = load_row(DISTANCES);
  for (var row = 0u; row < HEIGHT; row++) {
    let next = min(row + 1u, HEIGHT - 1u);
    let below = choose_row(far_row(), load_row(DISTANCES + next * ROW_BLOCKS), next > row);
    store_directions_of(row, above, own, below);
    above = own;
    own = below;
  }
}
