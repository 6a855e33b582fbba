import { customGradient } from "../../engine/custom-gradient.js";
import { requireFlag } from "../../engine/ops/arguments.js";
import { equal, where } from "../../engine/ops/elementwise.js";
import { sizeOf } from "../../engine/shape.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import { type Batch, type Solver, splitBatch } from "../../solvers/solver.js";
import { normal } from "../noise/normal/normal.js";
import { perturbAndMap } from "../perturb-and-map.js";
import type { PerturbOptions } from "../perturb-options.js";
import { type SamplePart, sumOfParts } from "../sample-parts.js";
import { solverLayer, type SolverLayer } from "./estimator.js";
import {
  checkPerturbation,
  type LayerOptions,
  requirePositiveTemperature,
  requireSolver,
  scoreOf,
  signOf,
} from "./options.js";
import {
  callOfPart,
  partsOf,
  type PerturbedOptions,
  perturbedCalls,
  sumKernel,
  sumOverNoise,
  tensorsOf,
} from "./perturbed-call.js";

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
 * Unbiased for any S and any τ > 0; states may have a shape of their own. With output `mean` memory does not grow with
 * S: where the states of all samples take more than 4 MiB, the backward pass solves for them again, in parts.
 *
 * Source: Berthet, Blondel, Teboul, Cuturi, Vert, Bach 2020 (arXiv 2002.08676), Proposition 3.1; multiplicative: Dalle,
 * Baty, Bouvier, Parmentier 2022 (arXiv 2207.13513).
 *
 * @param options.noise a law whose score is known; by default `normal()`
 * @param options.temperature τ > 0; of instances with a τ of 0 the gradient is 0
 * @throws ImleError `value` where an option is out of its range
 */
export function perturbedOptimiser(solver: Solver, options: PerturbedOptimiserOptions = {}): SolverLayer {
  const operation = "perturbedOptimiser";
  requireSolver(operation, solver);
  checkPerturbation(operation, options, ["output", "perturbation", "controlVariate"]);
  const { noise = normal(), samples = 1, temperature = 1, output = "mean", controlVariate = true } = options;
  requireFlag(operation, "controlVariate", controlVariate);
  const { perturbation = "additive", stream } = options;
  requirePositiveTemperature(operation, temperature);
  const score = scoreOf(operation, noise);
  const own = { noise, samples, temperature, perturbation, ...(stream !== undefined && { stream }) };
  const calls = perturbedCalls(operation, own);

  return solverLayer(
    operation,
    solver,
    output,
    (theta, inputs, options) => {
      const batch = splitBatch(operation, solver, theta.shape);
      const call = calls.next(theta.engine, inputs, options);
      requirePositiveTemperature(operation, call.temperature);
      const sampleAxis = batch.batchShape.length;
      const parts = partsOf(operation, solver, batch, samples);
      const perSample = output === "samples";
      const statesOf = (part: SamplePart): Tensor => perturbAndMap(solver, theta, callOfPart(call, part));
      // States that fit one part are kept for the backward pass, others are solved for again.
      const whole = { first: 0, count: samples, of: samples };
      const kept = perSample || parts.length === 1 ? noGrad(() => statesOf(whole)) : null;
      return customGradient({
        label: operation,
        inputs: [theta],
        saved: [...tensorsOf(call), ...(kept ? [kept] : [])],
        forward: () => {
          if (!kept) return perturbAndMap(solver, theta, call);
          return perSample ? kept : kept.mean(sampleAxis);
        },
        backward: (dz) => {
          const base = controlVariate && perturbAndMap(solver, theta, { inputs, output: "samples" });
          const scale = (perturbation === "additive" ? signOf(solver) : 1) / (perSample ? 1 : samples);
          const [slope] = sumOfParts(theta.engine, kept ? [whole] : parts, (part): [Tensor] => {
            const states = kept ?? statesOf(part);
            const gains = base ? gainsOf(states, dz, batch).sub(gainsOf(base, dz, batch)) : gainsOf(states, dz, batch);
            return [sumOverNoise(operation, gains, score, batch, call, { part, scale })];
          });
          if (perturbation === "additive") return slope;
          const isZero = equal(theta, 0);
          return where(isZero, 0, slope).div(where(isZero, 1, theta));
        },
      });
    },
    (theta) => {
      const call = calls.prepared(solver, theta);
      const batch = splitBatch(operation, solver, theta.shape);
      const several = partsOf(operation, solver, batch, samples).length > 1;
      const means: PerturbOptions[] = several && output === "mean" ? [call] : [];
      return {
        calls: [{ ...call, output: "samples" }, ...means],
        kernels: [sumKernel(theta, batch, score, false, call)],
      };
    },
  );
}

/** ⟨∂L/∂z, z_s⟩ of states [...batch, S, ...state], S or 1, and of ∂L/∂z of that shape or without S: [...batch, S]. */
function gainsOf(states: Tensor, dz: Tensor, { batchShape, instances }: Batch): Tensor {
  const axis = batchShape.length;
  const [samples, size] = [states.shape[axis]!, sizeOf(states.shape.slice(axis + 1))];
  if (dz.shape.length === states.shape.length) {
    const stateAxes = states.shape.map((_, i) => i).slice(axis + 1);
    return states.mul(dz).sum(stateAxes);
  }
  const rows = states.reshape([instances, samples, size]).matmul(dz.reshape([instances, size, 1]));
  return rows.reshape([...batchShape, samples]);
}
