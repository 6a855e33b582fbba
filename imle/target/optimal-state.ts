import optimalStateText from "./optimal-state.wgsl";
import type { Target } from "./target.js";

/**
 * The target of losses that an optimal state is known for, element by element: θ′ = θ where ∂L/∂z is 0, else −∂L/∂z
 * (costs: c′ = c where it is 0, else ∂L/∂z).
 *
 * θ and ∂L/∂z are mixed, so the scale of ∂L/∂z matters. A Hamming loss has no element without a gradient: θ′ is then
 * that of the true state y, and the gradient z − y, the perceptron's rule.
 *
 * Source: Niepert, Minervini, Franceschi 2021, Eq. 14.
 */
export function optimalState(): Target {
  return { name: "optimalState", wgsl: optimalStateText, parameters: {}, lambda: null };
}
