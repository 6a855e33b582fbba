import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";

/** How states are drawn. */
export interface SampleOptions {
  /** Samples S an instance. By default 1. */
  readonly samples?: number;
  /** Where the random numbers are drawn. By default the next call of the engine's own stream. */
  readonly place?: RandomPlace;
}

/**
 * A distribution of states with weights θ, f32 [...batch, ...instance]: p(z; θ) = exp⟨z, θ⟩ / Σ exp⟨z′, θ⟩ over a set
 * of states (costs: exp(−⟨z, c⟩)). For a temperature pass θ divided by it.
 */
export interface StateDistribution {
  /** How many trailing axes of the weights are one instance. */
  readonly instanceAxes: number;
  /** ln Σ exp⟨z, θ⟩, f32 [...batch], differentiable: its gradient are the marginals (costs: their negative). */
  logPartition(theta: Tensor): Tensor;
  /** E z, f32 of θ's shape, differentiable: its Jacobian is the covariance of z (costs: the negative). */
  marginals(theta: Tensor): Tensor;
  /** States drawn exactly, f32 [...batch, S, ...instance]; without a gradient. */
  sample(theta: Tensor, options?: SampleOptions): Tensor;
  /** ∂ ln p(z; θ)/∂θ = z − E z (costs: the negative) of states f32 [...batch, S, ...instance], of that shape. */
  score(theta: Tensor, states: Tensor): Tensor;
}
