import { customGradient } from "../../engine/custom-gradient.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import { solve } from "../../solvers/run.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import { requireCount } from "../perturb-options.js";
import { type ClosestPoint, closestPoint, closestPointKernels } from "./closest-point/closest-point.js";
import { solverLayer, type SolverLayer } from "./estimator.js";
import { batchOf, requirePositive, requireSolver, signOf } from "./options.js";

/** Options of {@link regularisedFrankWolfe} and {@link regularisedFenchelYoung}. */
export interface RegularisedOptions {
  /** γ > 0 of (γ/2)·‖x‖²: the larger, the more states the best point is a mixture of. By default 1. */
  readonly strength?: number;
  /** T, solves a call and direction, from 1: what is left halves, about, with each. By default 30. */
  readonly iterations?: number;
}

/**
 * A regularised optimum as a layer: the point of the convex hull of the states that is best with a quadratic
 * regulariser, which is the projection of θ/γ onto that hull. It is a mixture of few states, and moves with θ.
 *
 *     forward    x*(θ) = argmax_{x ∈ conv(states)} ⟨θ, x⟩ − (γ/2)·‖x‖²          costs: argmin ⟨c, x⟩ + (γ/2)·‖x‖²
 *     backward   ∂L/∂θ = (1/γ)·P ∂L/∂x                                         costs: −(1/γ)·P ∂L/∂x
 *
 * P projects onto the directions of the least face of the hull that x* is in: the derivative of x*, exactly, wherever it
 * has one. Within a thousandth of a kink (in units of states, of θ/γ) it may be that of either side. T solves either way,
 * forward each followed by an exact step over all states found so far: x* is exact where T suffices, else a point of the
 * hull that is nearly as good. Take more, and see whether it changes. At most 256 states are mixed; nothing is read back.
 *
 * An evaluation takes the best state.
 *
 * Source: Dalle, Baty, Bouvier, Parmentier 2022 (arXiv 2207.13513), Section 3.3; Blondel, Martins, Niculae 2020 (arXiv
 * 1901.02324); for iterations that drop states, and so end: Wolfe 1976.
 *
 * @throws ImleError `value` where an option is out of its range
 */
export function regularisedFrankWolfe(solver: Solver, options: RegularisedOptions = {}): SolverLayer {
  const operation = "regularisedFrankWolfe";
  const { of } = bestPoints(operation, solver, options);
  return solverLayer(
    operation,
    solver,
    "mean",
    (theta, inputs) => {
      const found = noGrad(() => of(theta, inputs));
      return customGradient({
        label: operation,
        inputs: [theta],
        forward: () => found.point,
        backward: (dx) => found.project(dx),
      });
    },
    ({ engine }) => ({ calls: [{}], kernels: closestPointKernels(engine) }),
  );
}

/** The best points of a layer, or a loss, with these options. */
export function bestPoints(
  operation: string,
  solver: Solver,
  options: RegularisedOptions,
): { readonly strength: number; of(theta: Tensor, inputs: SolverInputs): ClosestPoint } {
  requireSolver(operation, solver);
  requireOptions(operation, options, ["strength", "iterations"]);
  const { strength = 1, iterations = 30 } = options;
  requirePositive(operation, "strength", strength);
  requireCount(operation, "iterations", iterations, 30);
  const sign = signOf(solver);
  return {
    strength,
    of(target, inputs) {
      const { instances, size } = batchOf(operation, solver, target);
      const best = (weights: Tensor): Tensor => solve(solver, weights, inputs);
      return closestPoint({
        ...{ operation, target, instances, size, over: "hull", iterations, sign, best },
        scale: sign / strength,
      });
    },
  };
}
