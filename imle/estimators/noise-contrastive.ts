import type { Solver } from "../../solvers/solver.js";
import { type PoolLoss, poolLoss } from "./pool-loss.js";

/**
 * Noise-contrastive estimation: by how much the states of a pool do better than y, on average. Nothing is solved.
 *
 *     value      (1/P) Σ_w ⟨θ, w − y⟩                     costs: ⟨c, y − w⟩
 *     gradient   mean of the pool − y                     costs: the negative
 *
 * Linear in θ, and so without a least value: the paper's other variant, with what is known of the true weights taken
 * off, is the loss of (θ − θ*, y, pool).
 *
 * Source: Mulamba, Mandi, Diligenti, Lombardi, Bucarey, Guns 2021 (arXiv 2011.05354).
 *
 * @returns a loss of (θ, y, pool), y the state to be had, f32 of θ's shape
 */
export function noiseContrastive(solver: Solver): PoolLoss {
  return poolLoss("noiseContrastive", solver, "the target state", (theta, y, scores) =>
    scores.of(theta).sub(scores.ofState(theta, y)).mean(-1),
  );
}
