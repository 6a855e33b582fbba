import { requireOptions } from "../engine/ops/arguments.js";
import { abs, lessEqual, maximum } from "../engine/ops/elementwise.js";
import { max } from "../engine/ops/reduce.js";
import { noGrad } from "../engine/tape.js";
import type { Tensor } from "../engine/tensor.js";
import { solve } from "../solvers/run.js";
import type { Solver, SolverInputs } from "../solvers/solver.js";
import { batchOf, instanceAxesOf, requireLike, requireSolver, signOf } from "./estimators/options.js";

/*
 * How good states are, on the device: one number an instance, f32 [...batch], for the caller to average; without a
 * gradient. States z and y, and weights, are f32 [...batch, ...instance]. Dtypes and shapes that do not fit are
 * ImleErrors.
 */

/**
 * Σ |z − y|: for masks, in how many elements they differ.
 *
 * @param z f32 [...batch, ...instance], and y of the same shape
 * @returns f32 [...batch], one number an instance; without a gradient
 */
export function hammingDistance(solver: Solver, z: Tensor, y: Tensor): Tensor {
  return measured("hammingDistance", solver, z, { y }, (axes) => abs(z.sub(y)).sum(axes));
}

/**
 * 1 where z is y, else 0. Where several states are optimal, see {@link optimalCostAccuracy}.
 *
 * @param z f32 [...batch, ...instance], and y of the same shape
 * @returns f32 [...batch], one number an instance; without a gradient
 */
export function exactMatch(solver: Solver, z: Tensor, y: Tensor): Tensor {
  return measured("exactMatch", solver, z, { y }, (axes) => lessEqual(max(abs(z.sub(y)), axes), 0));
}

/**
 * Of the elements that z chooses, the share that y has, for masks, from 0 to 1; 0 where z chooses none.
 *
 * @param z f32 [...batch, ...instance], and y of the same shape
 * @returns f32 [...batch], one number an instance; without a gradient
 */
export function subsetPrecision(solver: Solver, z: Tensor, y: Tensor): Tensor {
  return measured("subsetPrecision", solver, z, { y }, (axes) => z.mul(y).sum(axes).div(maximum(z.sum(axes), 1)));
}

/**
 * By how much z is worse than the optimal state y, by the true weights: ⟨c, z − y⟩ for costs, ⟨θ, y − z⟩ for scores.
 *
 * @param z f32 [...batch, ...instance], and weights and y of the same shape
 * @param y an optimal state, as `solve(solver, weights)` gives it
 * @returns f32 [...batch], one number an instance, from 0 up to rounding; without a gradient
 */
export function regret(solver: Solver, z: Tensor, weights: Tensor, y: Tensor): Tensor {
  return measured("regret", solver, z, { weights, y }, () => regretOf(solver, z, weights, y));
}

/**
 * Σ regret / Σ |⟨weights, y⟩| over all instances, f32 []: of sums, so that an instance whose optimum is 0 does not
 * count for infinity.
 *
 * Source: Elmachtoub, Grigas 2022 (arXiv 1710.08005), Section 6.
 *
 * @param z f32 [...batch, ...instance], and weights and y of the same shape
 * @param y an optimal state, as `solve(solver, weights)` gives it
 */
export function normalisedRegret(solver: Solver, z: Tensor, weights: Tensor, y: Tensor): Tensor {
  return measured("normalisedRegret", solver, z, { weights, y }, (axes) =>
    regretOf(solver, z, weights, y).sum().div(abs(weights.mul(y).sum(axes)).sum()),
  );
}

/**
 * 1 where z is a state of the solver and as good as the optimal state y by the true weights, else 0: many instances
 * have several optimal states, of which y is one. For costs z may mark more than a state, which costs more; for scores
 * it must be one.
 *
 * @param z f32 [...batch, ...instance], and weights and y of the same shape
 * @param y an optimal state, as `solve(solver, weights)` gives it
 * @param options.inputs per-instance inputs of the solver
 * @param options.tolerance how much worse counts as equal, as a share of |⟨weights, y⟩|. By default 1e-5: in f32, 1e-6
 * takes optimal paths for others.
 * @returns f32 [...batch], one number an instance; without a gradient
 */
export function optimalCostAccuracy(
  solver: Solver,
  z: Tensor,
  weights: Tensor,
  y: Tensor,
  options: { readonly inputs?: SolverInputs; readonly tolerance?: number } = {},
): Tensor {
  requireOptions("optimalCostAccuracy", options, ["inputs", "tolerance"]);
  const { inputs, tolerance = 1e-5 } = options;
  return measured("optimalCostAccuracy", solver, z, { weights, y }, (axes) => {
    const allowed = abs(weights.mul(y).sum(axes)).mul(tolerance);
    const isOptimal = lessEqual(regretOf(solver, z, weights, y), allowed);
    // The state nearest to z, found by the solver itself: what of it is not marked, and what is marked beside it.
    const nearest = solve(solver, solver.sense === "max" ? z.mul(2).sub(1) : z.neg().add(1), inputs);
    const difference = solver.sense === "max" ? abs(nearest.sub(z)) : nearest.sub(z);
    return isOptimal.mul(lessEqual(max(difference, axes), 0));
  });
}

const regretOf = (solver: Solver, z: Tensor, weights: Tensor, y: Tensor): Tensor =>
  weights.mul(y.sub(z)).sum(instanceAxesOf(solver)).mul(signOf(solver));

function measured(
  operation: string,
  solver: Solver,
  z: Tensor,
  others: Readonly<Record<string, Tensor>>,
  measure: (axes: readonly number[]) => Tensor,
): Tensor {
  requireSolver(operation, solver);
  batchOf(operation, solver, z);
  for (const [name, tensor] of Object.entries(others)) requireLike(operation, name, z, tensor);
  return z.engine.scope(() => noGrad(() => measure(instanceAxesOf(solver))));
}
