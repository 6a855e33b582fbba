// A cell's directions: which of its neighbours its distance comes from, as eight bits by rows of the 3 × 3 square around
// it. They are those that give it its distance, and of these the nearest. `straight` are the neighbours above, left,
// right, below; `across` those above left, above right, below left, below right, FAR where only four count.
// Neighbours whose own directions were taken before (see trace.wgsl) lead to nothing new, and are none of them.

// Marks a distance whose cell's directions have been taken; distances are not negative.
const TAKEN: u32 = 0x80000000u;

fn nearest_directions(straight: vec4u, across: vec4u, cost: u32) -> u32 {
  var nearest_straight = least_of(straight & vec4u(~TAKEN));
  var nearest_across = least_of(across & vec4u(~TAKEN));
  if (EUCLIDEAN) {
    let by_straight = plus(nearest_straight, cost);
    let by_across = plus(nearest_across, across_cost(cost));
    nearest_straight = select(FAR_BITS, nearest_straight, by_straight <= by_across);
    nearest_across = select(FAR_BITS, nearest_across, by_across <= by_straight);
  }
  let nearest = min(nearest_straight, nearest_across);
  let a = select(vec4u(), vec4u(2u, 8u, 16u, 64u), (straight == vec4u(nearest)) & vec4<bool>(nearest_straight == nearest));
  let b = select(vec4u(), vec4u(1u, 4u, 32u, 128u), (across == vec4u(nearest)) & vec4<bool>(nearest_across == nearest));
  let bits = select(a | b, vec4u(), nearest >= FAR_BITS);
  return bits.x | bits.y | bits.z | bits.w;
}
