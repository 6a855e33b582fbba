import { type Solver, splitBatch } from "../../solvers/solver.js";
import { normal } from "../noise/normal/normal.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { sumOfParts } from "../sample-parts.js";
import { excessOf, solverLoss, type SolverLoss } from "./estimator.js";
import { checkPerturbation, instanceAxesOf, requireSolver } from "./options.js";
import {
  callOfPart,
  partsOf,
  type PerturbedCallOptions,
  perturbedCallNames,
  perturbedCalls,
  type PerturbedOptions,
  sumKernel,
  sumOverNoise,
} from "./perturbed-call.js";

/**
 * The perturbed Fenchel–Young loss: convex in θ, and least where the mean perturbed state is y.
 *
 *     value      F_ε(θ) − ⟨θ, y⟩,   F_ε(θ) = (1/S) Σ_s max_z ⟨θ + τ·ε_s, z⟩        a constant Ω(y) is left out
 *     gradient   ŷ_ε − y,           ŷ_ε = (1/S) Σ_s MAP(θ + τ·ε_s)                 costs: y − ŷ_ε
 *
 * Multiplicative: θ ⊙ exp(τ·ε − τ²/2) for θ + τ·ε, and ŷ_ε the mean of exp(τ·ε − τ²/2) ⊙ MAP. Memory does not grow with
 * S: samples whose states take more than 4 MiB come in parts.
 *
 * Source: Berthet, Blondel, Teboul, Cuturi, Vert, Bach 2020 (arXiv 2002.08676), Section 4; multiplicative: Dalle, Baty,
 * Bouvier, Parmentier 2022 (arXiv 2207.13513).
 *
 * @param options.noise by default `normal()`
 * @returns a loss of (θ, y), y the state to be had, f32 of θ's shape
 * @throws ImleError `value` where an option is out of its range
 */
export function fenchelYoung(solver: Solver, options: PerturbedOptions = {}): SolverLoss<PerturbedCallOptions> {
  const operation = "fenchelYoung";
  requireSolver(operation, solver);
  checkPerturbation(operation, options, ["perturbation"]);
  const { noise = normal(), samples = 1, perturbation = "additive", ...rest } = options;
  const isAdditive = perturbation === "additive";
  const calls = perturbedCalls(operation, { noise, samples, perturbation, ...rest });
  // Of τ·ε, or of the factors: what a state's element is multiplied by.
  const ofNoise = isAdditive ? "t * x" : "exp(t * x - 0.5 * t * t)";
  return solverLoss<PerturbedCallOptions>(
    operation,
    solver,
    "the target state",
    (theta, y, inputs, options) => {
      if (!options) return excessOf(solver, theta, y, inputs);
      const call = calls.next(theta.engine, inputs, options);
      const batch = splitBatch(operation, solver, theta.shape);
      const sampleAxis = batch.batchShape.length;
      const axes = instanceAxesOf(solver);
      const sums = sumOfParts(theta.engine, partsOf(operation, solver, batch, samples), (part) => {
        const states = perturbAndMap(solver, theta, callOfPart(call, part));
        const weighted = sumOverNoise(operation, states, ofNoise, batch, call, { part, scale: 1 / samples });
        return isAdditive ? [weighted, states.sum(sampleAxis)] : [weighted];
      });
      const [weighted, all] = [sums[0]!, sums[1]];
      const mean = all ? all.div(samples) : weighted;
      const slope = solver.sense === "max" ? mean.sub(y) : y.sub(mean);
      const loss = theta.mul(slope).sum(axes);
      return { loss: isAdditive ? loss.add(weighted.sum(axes)) : loss, slope };
    },
    (theta) => {
      const call = calls.prepared(solver, theta);
      const batch = splitBatch(operation, solver, theta.shape);
      return { calls: [{ ...call, output: "samples" }], kernels: [sumKernel(theta, batch, ofNoise, true, call)] };
    },
    perturbedCallNames,
  );
}
