import { square } from "../../engine/ops/elementwise.js";
import { noGrad } from "../../engine/tape.js";
import type { Solver } from "../../solvers/solver.js";
import { type PoolLoss, poolLoss } from "./pool-loss.js";

/**
 * Pointwise learning to rank: states of a pool should score, or cost, by predicted weights what they do by the true ones.
 *
 *     value      (1/P) Σ_w (⟨θ̂, w⟩ − ⟨θ, w⟩)²
 *
 * Source: Mandi, Bucarey, Mulamba, Guns 2022 (arXiv 2112.03609).
 *
 * @returns a loss of (θ̂, θ, pool), both weights f32 of one shape
 */
export function pointwiseRank(solver: Solver): PoolLoss {
  return poolLoss("pointwiseRank", solver, "the true weights", (theta, truth, scores) =>
    square(scores.of(theta).sub(noGrad(() => scores.of(truth)))).mean(-1),
  );
}
