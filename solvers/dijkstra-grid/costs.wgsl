// What the solver takes a weight for: a cost in [0, 1e31], as the bits of an f32, whose order is that of the costs.
// Weights below zero count as 0 (after the policy `shift` has lifted them), −0 and what is too small for a normal f32
// too; beyond 1e31 costs are equal, so that no sum of 2²⁰ of them, each times √2, reaches FAR.

const POLICY_SHIFT: u32 = 1u;
const POLICY_ERROR: u32 = 2u;

const LARGEST_COST: f32 = 1e31;
const SMALLEST_NORMAL: u32 = 0x00800000u;

// Farther than any path, and the cost of a cell that cannot be entered; sums of two, times √2, are still numbers.
const FAR: f32 = 1e38;
const FAR_BITS: u32 = 0x7e967699u;
// What the caller gets for it.
const INFINITY_BITS: u32 = 0x7f800000u;

// Sides of a grid or tile, as bits.
const ABOVE: u32 = 1u;
const BELOW: u32 = 2u;
const LEFT: u32 = 4u;
const RIGHT: u32 = 8u;

fn cost_bits(weights: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(clamp(bitcast<vec4i>(weights), vec4i(), vec4i(bitcast<i32>(LARGEST_COST))));
  return select(bits, vec4u(), bits < vec4u(SMALLEST_NORMAL));
}

fn plus(distance: u32, cost: u32) -> u32 {
  return bitcast<u32>(bitcast<f32>(distance) + bitcast<f32>(cost));
}

fn plus4(distances: vec4u, costs: vec4u) -> vec4u {
  return bitcast<vec4u>(bitcast<vec4f>(distances) + bitcast<vec4f>(costs));
}

// The cost of a step across a corner. The minimum never applies: it keeps product and sum from becoming one fma, which
// would round once where the specification rounds twice.
fn across_cost4(costs: vec4u) -> vec4u {
  return min(bitcast<vec4u>(bitcast<vec4f>(costs) * SQRT_2), vec4u(0x7f61b1e6u));
}

fn across_cost(cost: u32) -> u32 {
  return across_cost4(vec4u(cost)).x;
}

const SQRT_2: f32 = 1.41421356;

fn least_of(distances: vec4u) -> u32 {
  return min(min(distances.x, distances.y), min(distances.z, distances.w));
}

// Distance of the start itself.
fn first_distance(cost: u32) -> u32 {
  return select(cost, 0u, !COUNTS_START & (cost < FAR_BITS));
}

fn distance_told(bits: u32) -> f32 {
  return bitcast<f32>(select(bits, INFINITY_BITS, bits >= FAR_BITS));
}
