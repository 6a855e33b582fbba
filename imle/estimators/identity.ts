import { requireChoice } from "../../engine/ops/arguments.js";
import { sqrt, square } from "../../engine/ops/elementwise.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import { noNoise } from "../noise/none/none.js";
import { estimator, type SolverLayer } from "./estimator.js";
import { checkPerturbation, instanceAxesOf, type LayerOptions } from "./options.js";
import type { PerturbedCallOptions } from "./perturbed-call.js";
import { straightThrough } from "./straight-through.js";

/** Options of {@link identity}. */
export interface IdentityOptions extends LayerOptions {
  /**
   * What of the weights does not matter to their best state, and is taken out of them and of their gradient: `norm`
   * their length, for every solver; `mean` their mean, where all states have equally many ones, as of top-k; `both`
   * that mean, then that length; `none` nothing. By default `norm`.
   */
  readonly projection?: "norm" | "mean" | "both" | "none";
}

/**
 * Identity with projections: the solver's Jacobian is taken for the identity (costs: its negative), on weights that
 * carry nothing but what matters to the state.
 *
 *     forward    z = MAP(P(θ))                    P: θ − mean θ, θ/‖θ‖, or one after the other, of each instance
 *     backward   ∂L/∂θ = P′(θ)ᵀ ∂L/∂z
 *
 * Source: Sahoo, Paulus, Vlastelica, Musil, Kuleshov, Martius 2023 (arXiv 2205.15213).
 *
 * @param options.noise by default none; noise is added to P(θ)
 * @throws ImleError `value` where an option is out of its range
 */
export function identity(solver: Solver, options: IdentityOptions = {}): SolverLayer {
  checkPerturbation("identity", options, ["output", "projection"]);
  const { projection = "norm", ...rest } = options;
  requireChoice("identity", "projection", projection, ["norm", "mean", "both", "none"]);
  const layer = straightThrough(solver, { noise: noNoise(), ...rest });
  const project = (theta: Tensor): Tensor => {
    const axes = instanceAxesOf(solver);
    const centred = projection === "mean" || projection === "both" ? theta.sub(theta.mean(axes, true)) : theta;
    if (projection === "mean" || projection === "none") return centred;
    return centred.div(sqrt(square(centred).sum(axes, true).add(1e-12))); // no division by 0
  };
  return estimator({
    train: (theta: Tensor, inputs?: SolverInputs, call?: PerturbedCallOptions) =>
      theta.engine.scope(() => layer.train()(project(theta), inputs, call)),
    eval: (theta: Tensor, inputs?: SolverInputs) => theta.engine.scope(() => layer.eval()(project(theta), inputs)),
    kernelsFor: layer.kernelsFor,
  });
}
