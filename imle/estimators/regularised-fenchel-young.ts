import { clamp, maximum, square } from "../../engine/ops/elementwise.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { formatValue, must } from "../../engine/error.js";
import type { Tensor } from "../../engine/tensor.js";
import { solve } from "../../solvers/run.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import { solverLoss, type SolverLoss } from "./estimator.js";
import { instanceAxesOf, requirePositive, requireSolver, signOf } from "./options.js";

/** Options of {@link regularisedFenchelYoung}. */
export interface RegularisedOptions {
  /** γ > 0 of (γ/2)·‖x‖²: the larger, the more states the best point is a mixture of. By default 1. */
  readonly strength?: number;
  /** T, solves a call, from 1: the best point is met to O(1/T). By default 20. */
  readonly iterations?: number;
}

/**
 * The Fenchel–Young loss of a quadratic regulariser: smooth and convex in θ, from 0 and 0 where the best point is y. No
 * noise is drawn: what is smoothed is the optimum itself, over the convex hull of the states.
 *
 *     x*(θ)      argmax_{x ∈ conv(states)} ⟨θ, x⟩ − (γ/2)·‖x‖²                  costs: argmin ⟨c, x⟩ + (γ/2)·‖x‖²
 *     value      ⟨θ, x* − y⟩ − (γ/2)·(‖x*‖² − ‖y‖²)                            costs: ⟨c, y − x*⟩ − …
 *     gradient   x* − y                                                        costs: y − x*
 *
 * The best point is found by Frank and Wolfe's method with exact steps: T solves under θ − γ·x, nothing read back. The
 * value is met from below.
 *
 * Source: Blondel, Martins, Niculae 2020 (arXiv 1901.02324); over a solver's states by Frank–Wolfe: Dalle, Baty,
 * Bouvier, Parmentier 2022 (arXiv 2207.13513).
 *
 * @returns a loss of (θ, y), y the state to be had, f32 of θ's shape
 * @throws ImleError `value` where an option is out of its range
 */
export function regularisedFenchelYoung(solver: Solver, options: RegularisedOptions = {}): SolverLoss {
  const operation = "regularisedFenchelYoung";
  requireSolver(operation, solver);
  requireOptions(operation, options, ["strength", "iterations"]);
  const { strength = 1, iterations = 20 } = options;
  requirePositive(operation, "strength", strength);
  must(
    Number.isInteger(iterations) && iterations >= 1,
    "value",
    () => `${operation}: iterations must be a whole number from 1, got ${formatValue(iterations)}`,
    "20 is the default.",
  );
  const [sign, axes] = [signOf(solver), instanceAxesOf(solver)];
  const dot = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum(axes, true);

  const bestPoint = (theta: Tensor, inputs: SolverInputs): Tensor => {
    let point = solve(solver, theta, inputs);
    for (let t = 1; t < iterations; t++) {
      const before = point;
      point = theta.engine.scope(() => {
        const slope = theta.sub(before.mul(sign * strength));
        const way = solve(solver, slope, inputs).sub(before);
        const length = maximum(square(way).sum(axes, true), 1e-20).mul(strength); // no division by 0
        return before.add(way.mul(clamp(dot(slope, way).mul(sign).div(length), 0, 1)));
      });
      before.dispose();
    }
    return point;
  };

  return solverLoss(operation, solver, "the target state", (theta, y, inputs) => {
    const point = bestPoint(theta, inputs);
    const slope = point.sub(y).mul(sign);
    const excess = square(point).sub(square(y)).sum(axes).mul(strength / 2);
    return { loss: theta.mul(slope).sum(axes).sub(excess), slope };
  });
}
