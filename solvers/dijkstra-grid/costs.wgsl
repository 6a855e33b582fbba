// What the solver takes a weight for: a cost in [0, 1e34], as the bits of an f32, whose order is that of the costs.
// Weights below zero count as 0 (after the policy `shift` has lifted them), −0 and what is too small for a normal f32
// too; beyond 1e34 costs are equal, so that no sum of 4,096 of them leaves the numbers.

const POLICY_SHIFT: u32 = 1u;
const POLICY_ERROR: u32 = 2u;

const LARGEST_COST: f32 = 1e34;
const SMALLEST_NORMAL: u32 = 0x00800000u;

// Farther than any path; twice as far is still a number.
const FAR: f32 = 1e38;

fn cost_bits(weights: vec4f) -> vec4u {
  let bits = bitcast<vec4u>(clamp(bitcast<vec4i>(weights), vec4i(), vec4i(bitcast<i32>(LARGEST_COST))));
  return select(bits, vec4u(), bits < vec4u(SMALLEST_NORMAL));
}
