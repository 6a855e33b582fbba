import type { Solver } from "../../solvers/solver.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { excessOf, solverLoss, type SolverLoss } from "./estimator.js";
import { requireSolver } from "./options.js";

/**
 * SPO+: a convex bound of the regret ⟨c, w(ĉ) − w(c)⟩ of deciding by predicted costs ĉ where the true ones are c.
 *
 *     value      ⟨2ĉ − c, w* − w(2ĉ − c)⟩         w* = w(c);  scores: ⟨2θ̂ − θ, z(2θ̂ − θ) − z*⟩
 *     gradient   2(w* − w(2ĉ − c))                 scores: 2(z(2θ̂ − θ) − z*)
 *
 * Two solves a call: w* too. 2ĉ − c may be below 0: the solver's own policy for that applies.
 *
 * Source: Elmachtoub, Grigas 2022 (arXiv 1710.08005), Definition 3 and Proposition 3.
 *
 * @returns a loss of (ĉ, c), both f32 of one shape
 */
export function spoPlus(solver: Solver): SolverLoss {
  requireSolver("spoPlus", solver);
  return solverLoss("spoPlus", solver, "the true weights", (theta, truth, inputs) => {
    const optimal = perturbAndMap(solver, truth, { inputs });
    const { loss, slope } = excessOf(solver, theta.mul(2).sub(truth), optimal, inputs);
    return { loss, slope: slope.mul(2) };
  });
}
