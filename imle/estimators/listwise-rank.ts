import { requireOptions } from "../../engine/ops/arguments.js";
import { logSoftmax, softmax } from "../../engine/ops/softmax.js";
import { noGrad } from "../../engine/tape.js";
import type { Solver } from "../../solvers/solver.js";
import { requirePositive } from "./options.js";
import { type PoolLoss, poolLoss } from "./pool-loss.js";

/**
 * Listwise learning to rank: the distribution that predicted weights give the states of a pool should be that of the
 * true ones, by cross-entropy.
 *
 *     value      −Σ_w p(w; θ) ln p(w; θ̂),   p(w; θ) ∝ exp(⟨θ, w⟩ / t)                 costs: exp(−⟨c, w⟩ / t)
 *     gradient   (1/t) Σ_w (p(w; θ̂) − p(w; θ)) w                                      costs: the negative
 *
 * Source: Mandi, Bucarey, Mulamba, Guns 2022 (arXiv 2112.03609).
 *
 * @param options.softness t > 0, by default 1
 * @returns a loss of (θ̂, θ, pool), both weights f32 of one shape
 */
export function listwiseRank(solver: Solver, options: { readonly softness?: number } = {}): PoolLoss {
  const operation = "listwiseRank";
  requireOptions(operation, options, ["softness"]);
  const { softness = 1 } = options;
  requirePositive(operation, "softness", softness);
  return poolLoss(operation, solver, "the true weights", (theta, truth, scores) => {
    const wanted = noGrad(() => softmax(scores.of(truth).div(softness)));
    return logSoftmax(scores.of(theta).div(softness)).mul(wanted).sum(-1).neg();
  });
}
