import { square } from "../../engine/ops/elementwise.js";
import type { Solver } from "../../solvers/solver.js";
import { closestPointKernels } from "./closest-point/closest-point.js";
import { solverLoss, type SolverLoss } from "./estimator.js";
import { instanceAxesOf, signOf } from "./options.js";
import { bestPoints, type RegularisedOptions } from "./regularised-frank-wolfe.js";

/**
 * The Fenchel–Young loss of a quadratic regulariser: smooth and convex in θ, from 0 and 0 where the best point is y. No
 * noise is drawn: what is smoothed is the optimum itself, over the convex hull of the states.
 *
 *     x*(θ)      argmax_{x ∈ conv(states)} ⟨θ, x⟩ − (γ/2)·‖x‖²                  costs: argmin ⟨c, x⟩ + (γ/2)·‖x‖²
 *     value      ⟨θ, x* − y⟩ − (γ/2)·(‖x*‖² − ‖y‖²)                            costs: ⟨c, y − x*⟩ − …
 *     gradient   x* − y                                                        costs: y − x*
 *
 * The best point is that of {@link regularisedFrankWolfe}, found as there: the value is met from below.
 *
 * Source: Blondel, Martins, Niculae 2020 (arXiv 1901.02324); over a solver's states by Frank–Wolfe: Dalle, Baty,
 * Bouvier, Parmentier 2022 (arXiv 2207.13513).
 *
 * @returns a loss of (θ, y), y the state to be had, f32 of θ's shape
 * @throws ImleError `value` where an option is out of its range
 */
export function regularisedFenchelYoung(solver: Solver, options: RegularisedOptions = {}): SolverLoss {
  const operation = "regularisedFenchelYoung";
  const { strength, of } = bestPoints(operation, solver, options);
  const [sign, axes] = [signOf(solver), instanceAxesOf(solver)];
  return solverLoss(
    operation,
    solver,
    "the target state",
    (theta, y, inputs) => {
      const { point } = of(theta, inputs);
      const slope = point.sub(y).mul(sign);
      const excess = square(point).sub(square(y)).sum(axes).mul(strength / 2);
      return { loss: theta.mul(slope).sum(axes).sub(excess), slope };
    },
    ({ engine }) => ({ calls: [{}], kernels: closestPointKernels(engine) }),
  );
}
