import { formatShape, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { relu } from "../../engine/ops/elementwise.js";
import { noGrad } from "../../engine/tape.js";
import { solve } from "../../solvers/run.js";
import { categorical } from "../../solvers/categorical/categorical.js";
import type { Solver } from "../../solvers/solver.js";
import { requirePositive } from "./options.js";
import { type PoolLoss, poolLoss } from "./pool-loss.js";

/**
 * Pairwise learning to rank, best against rest: of a pool, the state that is best by the true weights should be better
 * than every other one by predicted weights, too, by a margin.
 *
 *     value      1/(P − 1) Σ_{w ≠ w*} max(0, m − ⟨θ̂, w* − w⟩)          w* = argmax_w ⟨θ, w⟩;  costs: ⟨ĉ, w − w*⟩
 *
 * Source: Mandi, Bucarey, Mulamba, Guns 2022 (arXiv 2112.03609).
 *
 * @param options.margin m > 0, by default 1
 * @returns a loss of (θ̂, θ, pool), both weights f32 of one shape; a pool of at least two states
 */
export function pairwiseRank(solver: Solver, options: { readonly margin?: number } = {}): PoolLoss {
  const operation = "pairwiseRank";
  requireOptions(operation, options, ["margin"]);
  const { margin = 1 } = options;
  requirePositive(operation, "margin", margin);
  const best = categorical();
  return poolLoss(operation, solver, "the true weights", (theta, truth, scores) => {
    const predicted = scores.of(theta);
    const count = predicted.shape.at(-1)!;
    must(
      count > 1,
      "shape",
      () => `${operation}: the pool must have at least two states, got ${formatShape([count])}`,
      "Add states to it.",
    );
    const isBest = noGrad(() => solve(best, scores.of(truth)));
    const ahead = predicted.mul(isBest).sum(-1, true).sub(predicted);
    // Against itself the best one is m short.
    return relu(ahead.neg().add(margin)).sum(-1).sub(margin).div(count - 1);
  });
}
