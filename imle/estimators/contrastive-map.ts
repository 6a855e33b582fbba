import { max } from "../../engine/ops/reduce.js";
import type { Solver } from "../../solvers/solver.js";
import { type PoolLoss, poolLoss } from "./pool-loss.js";

/**
 * Contrastive MAP: by how much the best state of a pool does better than y. From 0 where y is in the pool; with a pool of
 * all states it is the perceptron's loss. Nothing is solved.
 *
 *     value      max_w ⟨θ, w⟩ − ⟨θ, y⟩                    costs: ⟨c, y⟩ − min_w ⟨c, w⟩
 *     gradient   the best of the pool − y                 costs: the negative
 *
 * Source: Mulamba, Mandi, Diligenti, Lombardi, Bucarey, Guns 2021 (arXiv 2011.05354).
 *
 * @returns a loss of (θ, y, pool), y the state to be had, f32 of θ's shape
 */
export function contrastiveMap(solver: Solver): PoolLoss {
  return poolLoss("contrastiveMap", solver, "the target state", (theta, y, scores) =>
    max(scores.of(theta).sub(scores.ofState(theta, y)), -1),
  );
}
