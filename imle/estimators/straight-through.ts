import { customGradient } from "../../engine/custom-gradient.js";
import type { Solver } from "../../solvers/solver.js";
import { gumbel } from "../noise/gumbel/gumbel.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { solverLayer, type SolverLayer } from "./estimator.js";
import { batchOf, checkPerturbation, type LayerOptions, requireSolver } from "./options.js";
import { perturbedCalls } from "./perturbed-call.js";

/**
 * Straight-through: the state passes its gradient to the weights as if it were they.
 *
 *     forward    z_s = MAP(θ + τ·ε_s)
 *     backward   ∂L/∂θ = ∂L/∂z                   costs: the negative; output `samples`: the sum over s
 *
 * Source: Bengio, Léonard, Courville 2013 (arXiv 1308.3432); with perturb-and-MAP as in Niepert, Minervini, Franceschi
 * 2021, Section 6.1.
 *
 * @param options.noise by default `gumbel()`
 * @throws ImleError `value` where an option is out of its range
 */
export function straightThrough(solver: Solver, options: LayerOptions = {}): SolverLayer {
  const operation = "straightThrough";
  requireSolver(operation, solver);
  checkPerturbation(operation, options, ["output"]);
  const { noise = gumbel(), output = "mean", ...rest } = options;
  const calls = perturbedCalls(operation, { noise, ...rest });
  return solverLayer(
    operation,
    solver,
    output,
    (theta, inputs, own) => {
      const { batchShape } = batchOf(operation, solver, theta);
      const call = calls.next(theta.engine, inputs, own);
      return customGradient({
        label: operation,
        inputs: [theta],
        forward: (weights) => perturbAndMap(solver, weights, { ...call, output }),
        backward: (dz) => {
          const sum = output === "samples" ? dz.sum(batchShape.length) : dz;
          return solver.sense === "max" ? sum : sum.neg();
        },
      });
    },
    (theta) => ({ calls: [{ ...calls.prepared(solver, theta), output }] }),
  );
}
