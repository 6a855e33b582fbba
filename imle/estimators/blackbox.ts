import type { Solver } from "../../solvers/solver.js";
import { imle } from "../imle.js";
import { noNoise } from "../noise/none/none.js";
import { pid } from "../target/pid.js";
import type { SolverLayer } from "./estimator.js";
import { checkPerturbation, type LayerOptions, requirePositive, requireSolver } from "./options.js";

/** Options of {@link blackbox}. */
export interface BlackboxOptions extends LayerOptions {
  /** λ > 0: how far the weights are moved against the loss. By default 1. */
  readonly lambda?: number;
}

/**
 * Differentiation of blackbox combinatorial solvers: the gradient of the piecewise linear function that interpolates
 * the loss between states. Implicit MLE without noise, divided by λ.
 *
 *     forward    z = MAP(θ)
 *     backward   ∂L/∂θ = (MAP(θ) − MAP(θ − λ·∂L/∂z)) / λ          costs: (MAP(c + λ·∂L/∂z) − MAP(c)) / λ
 *
 * Source: Vlastelica, Paulus, Musil, Martius, Rolínek 2020 (arXiv 1912.02175), Algorithm 1.
 *
 * @param options.noise by default none
 * @throws ImleError `value` where an option is out of its range
 */
export function blackbox(solver: Solver, options: BlackboxOptions = {}): SolverLayer {
  requireSolver("blackbox", solver);
  checkPerturbation("blackbox", options, ["output", "lambda"]);
  const { lambda = 1, ...rest } = options;
  requirePositive("blackbox", "lambda", lambda);
  return imle(solver, { noise: noNoise(), ...rest, target: pid({ lambda }), divideByLambda: true });
}
