import { customGradient } from "../../engine/custom-gradient.js";
import { requireChoice } from "../../engine/ops/arguments.js";
import { equal, where } from "../../engine/ops/elementwise.js";
import type { Tensor } from "../../engine/tensor.js";
import { type Solver, splitBatch } from "../../solvers/solver.js";
import { normal } from "../noise/normal/normal.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { placesOf, solverLayer, type SolverLayer } from "./estimator.js";
import {
  checkPerturbation,
  type LayerOptions,
  requirePositive,
  requireScore,
  requireSolver,
  signOf,
} from "./options.js";
import { drawsOf, type PerturbedCall, type PerturbedOptions, perturbedStates } from "./perturbed-states.js";

/** Options of {@link perturbedOptimiser}. */
export interface PerturbedOptimiserOptions extends PerturbedOptions, LayerOptions {
  /** Whether the state of the unperturbed weights is subtracted, which lowers the variance. By default true. */
  readonly controlVariate?: boolean;
}

/**
 * The perturbed optimiser: its mean state is a smooth function of the weights, whose Jacobian is an expectation, too.
 *
 *     forward    z_s = MAP(θ + τ·ε_s)                                 or MAP(θ ⊙ exp(τ·ε_s − τ²/2))
 *     backward   ∂L/∂θ = (1/S) Σ_s ⟨∂L/∂z, z_s − MAP(θ)⟩ · σ(ε_s)/τ    σ(ε) = −∇ ln q(ε): ε for normal noise
 *                costs: the negative; multiplicative: divided by θ instead (where θ is 0, so is the gradient)
 *
 * Unbiased for any S and any τ > 0; states may have a shape of their own. Memory grows with S.
 *
 * Source: Berthet, Blondel, Teboul, Cuturi, Vert, Bach 2020 (arXiv 2002.08676), Proposition 3.1; multiplicative: Dalle,
 * Baty, Bouvier, Parmentier 2022 (arXiv 2207.13513).
 *
 * @param options.noise a law whose score is known; by default `normal()`
 * @param options.temperature τ > 0
 * @throws ImleError `value` where an option is out of its range
 */
export function perturbedOptimiser(solver: Solver, options: PerturbedOptimiserOptions = {}): SolverLayer {
  const operation = "perturbedOptimiser";
  requireSolver(operation, solver);
  checkPerturbation(operation, options, ["output", "perturbation", "controlVariate"]);
  const { noise = normal(), samples = 1, temperature = 1, perturbation = "additive", output = "mean" } = options;
  const { controlVariate = true } = options;
  requireChoice(operation, "perturbation", perturbation, ["additive", "multiplicative"]);
  requirePositive(operation, "temperature", temperature);
  const score = requireScore(operation, noise);
  const placeOf = placesOf(operation, options.stream);

  return solverLayer(
    operation,
    solver,
    output,
    (theta, inputs, number) => {
      const { batchShape, instanceShape } = splitBatch(operation, solver, theta.shape);
      const sampleAxis = batchShape.length;
      const place = placeOf(theta.engine, number);
      const call: PerturbedCall = { noise, samples, temperature, perturbation, place, inputs };
      const z: Tensor = customGradient({
        label: operation,
        inputs: [theta],
        saved: [...Object.values(inputs), ...(noise.given ? [noise.given] : [])],
        forward: (weights) => perturbedStates(solver, weights, call),
        backward: (dz) => {
          const unperturbed = controlVariate && perturbAndMap(solver, theta, { inputs, output: "samples" });
          const stateAxes = z.shape.map((_, axis) => axis).slice(sampleAxis + 1);
          const gains = (unperturbed ? z.sub(unperturbed) : z).mul(dz).sum(stateAxes);
          const draws = drawsOf(solver, theta, call);
          const perSample = gains.reshape([...gains.shape, ...instanceShape.map(() => 1)]);
          const slope = perSample.mul(score(draws)).sum(sampleAxis);
          if (perturbation === "additive") return slope.mul(signOf(solver) / temperature);
          const isZero = equal(theta, 0);
          return where(isZero, 0, slope).div(where(isZero, 1, theta).mul(temperature));
        },
      });
      return output === "samples" ? z : z.mean(sampleAxis);
    },
    () => [{ noise, samples, temperature, output: "samples" }],
  );
}
