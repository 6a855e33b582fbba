import { requireOptions } from "../../engine/ops/arguments.js";
import type { Solver } from "../../solvers/solver.js";
import { excessOf, solverLoss, type SolverLoss } from "./estimator.js";
import { requirePositive, requireSolver } from "./options.js";

/**
 * The structured hinge loss with the Hamming distance as margin: how much better, with m for each element that differs,
 * another state is than y. States are masks.
 *
 *     value      max_z ⟨θ, z − y⟩ + m·Σ|z − y| = max_z ⟨v, z − y⟩,   v = θ + m(1 − 2y);     costs: v = c − m(1 − 2y)
 *     gradient   z(v) − y                                                                   costs: y − z(v)
 *
 * Source: Taskar, Guestrin, Koller 2003; Tsochantaridis, Joachims, Hofmann, Altun 2005 (margin rescaling).
 *
 * @param options.margin m > 0, by default 1
 * @returns a loss of (θ, y), y the state to be had, f32 of θ's shape
 */
export function structuredSvm(solver: Solver, options: { readonly margin?: number } = {}): SolverLoss {
  const operation = "structuredSvm";
  requireSolver(operation, solver);
  requireOptions(operation, options, ["margin"]);
  const { margin = 1 } = options;
  requirePositive(operation, "margin", margin);
  const signed = solver.sense === "max" ? margin : -margin;
  return solverLoss(operation, solver, "the target state", (theta, y, inputs) =>
    excessOf(solver, theta.sub(y.mul(2 * signed)).add(signed), y, inputs),
  );
}
