import { requireChoice, requireOptions } from "../../engine/ops/arguments.js";
import type { Solver } from "../../solvers/solver.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { solverLoss, type SolverLoss } from "./estimator.js";
import { instanceAxesOf, requirePositive, requireSolver } from "./options.js";

/** Options of {@link perturbationGradient}. */
export interface PerturbationGradientOptions {
  /** h > 0, in units of the true weights. By default 0.1. */
  readonly step?: number;
  /** By default `backward`, which bounds the decision's cost from above. */
  readonly difference?: "backward" | "central" | "forward";
}

/**
 * The perturbation gradient loss: what a decision by predicted costs ĉ costs in truth, ⟨c, w(ĉ)⟩, is the slope of the
 * optimal value V(t) = min_w ⟨t, w⟩ at ĉ in the direction of the true costs c; the loss is its difference quotient.
 *
 *     value      (V(ĉ) − V(ĉ − h·c)) / h           central: (V(ĉ + h·c) − V(ĉ − h·c)) / 2h
 *     gradient   (w(ĉ) − w(ĉ − h·c)) / h           scores: V(t) = max_z ⟨t, z⟩, value and gradient negative
 *
 * Source: Huang, Gupta 2024 (arXiv 2402.03256).
 *
 * @returns a loss of (ĉ, c), both f32 of one shape
 * @throws ImleError `value` where an option is out of its range
 */
export function perturbationGradient(solver: Solver, options: PerturbationGradientOptions = {}): SolverLoss {
  const operation = "perturbationGradient";
  requireSolver(operation, solver);
  requireOptions(operation, options, ["step", "difference"]);
  const { step = 0.1, difference = "backward" } = options;
  requirePositive(operation, "step", step);
  requireChoice(operation, "difference", difference, ["backward", "central", "forward"]);
  const ahead = difference === "backward" ? 0 : step;
  const behind = difference === "forward" ? 0 : step;
  const scale = (solver.sense === "max" ? -1 : 1) / (ahead + behind);
  return solverLoss(operation, solver, "the true weights", (theta, truth, inputs) => {
    const optimum = (weights: typeof theta): { value: typeof theta; state: typeof theta } => {
      const state = perturbAndMap(solver, weights, { inputs });
      return { value: weights.mul(state).sum(instanceAxesOf(solver)), state };
    };
    const upper = optimum(ahead > 0 ? theta.add(truth.mul(ahead)) : theta);
    const lower = optimum(behind > 0 ? theta.sub(truth.mul(behind)) : theta);
    return { loss: upper.value.sub(lower.value).mul(scale), slope: upper.state.sub(lower.state).mul(scale) };
  });
}
