import { requireChoice } from "../../engine/ops/arguments.js";
import type { Solver } from "../../solvers/solver.js";
import { normal } from "../noise/normal/normal.js";
import { excessOf, placesOf, solverLoss, type SolverLoss } from "./estimator.js";
import { checkPerturbation, instanceAxesOf, requireSolver } from "./options.js";
import { drawsOf, factorsOf, type PerturbedCall, type PerturbedOptions, perturbedStates } from "./perturbed-states.js";

/**
 * The perturbed Fenchel–Young loss: convex in θ, and least where the mean perturbed state is y.
 *
 *     value      F_ε(θ) − ⟨θ, y⟩,   F_ε(θ) = (1/S) Σ_s max_z ⟨θ + τ·ε_s, z⟩        a constant Ω(y) is left out
 *     gradient   ŷ_ε − y,           ŷ_ε = (1/S) Σ_s MAP(θ + τ·ε_s)                 costs: y − ŷ_ε
 *
 * Multiplicative: θ ⊙ exp(τ·ε − τ²/2) for θ + τ·ε, and ŷ_ε the mean of exp(τ·ε − τ²/2) ⊙ MAP.
 *
 * Source: Berthet, Blondel, Teboul, Cuturi, Vert, Bach 2020 (arXiv 2002.08676), Section 4; multiplicative: Dalle, Baty,
 * Bouvier, Parmentier 2022 (arXiv 2207.13513).
 *
 * @param options.noise by default `normal()`
 * @returns a loss of (θ, y), y the state to be had, f32 of θ's shape
 * @throws ImleError `value` where an option is out of its range
 */
export function fenchelYoung(solver: Solver, options: PerturbedOptions = {}): SolverLoss {
  const operation = "fenchelYoung";
  requireSolver(operation, solver);
  checkPerturbation(operation, options, ["perturbation"]);
  const { noise = normal(), samples = 1, temperature = 1, perturbation = "additive" } = options;
  requireChoice(operation, "perturbation", perturbation, ["additive", "multiplicative"]);
  const placeOf = placesOf(operation, options.stream);
  return solverLoss(
    operation,
    solver,
    "the target state",
    (theta, y, inputs, options) => {
      if (!options) return excessOf(solver, theta, y, inputs);
      const place = placeOf(theta.engine, options.call);
      const call: PerturbedCall = { noise, samples, temperature, perturbation, place, inputs };
      const states = perturbedStates(solver, theta, call);
      const draws = drawsOf(solver, theta, call);
      const sampleAxis = theta.shape.length - solver.instanceAxes;
      const axes = instanceAxesOf(solver);
      const weighted = perturbation === "additive" ? states : states.mul(factorsOf(draws, temperature));
      const mean = weighted.mean(sampleAxis);
      const slope = solver.sense === "max" ? mean.sub(y) : y.sub(mean);
      const loss = theta.mul(slope).sum(axes);
      if (perturbation === "multiplicative") return { loss, slope };
      return { loss: loss.add(states.mul(draws).sum(axes).mean(sampleAxis).mul(temperature)), slope };
    },
    () => [{ noise, samples, temperature, output: "samples" }],
  );
}
