import { formatValue, must } from "../engine/error.js";
import type { Kernel } from "../engine/kernel.js";
import { requireOptions } from "../engine/ops/arguments.js";
import type { RandomPlace } from "../engine/random.js";
import type { Tensor } from "../engine/tensor.js";
import { runSolver, solverKernels } from "../solvers/run.js";
import { type Solver, type SolverInputs, splitBatch, type Strategy } from "../solvers/solver.js";
import { meanOfCounts } from "./mean.js";
import type { Noise } from "./noise/noise.js";
import { perturbedWeights } from "./perturbed-weights.js";
import type { Target } from "./target/target.js";

/** How {@link perturbAndMap} perturbs, and what it returns. */
export interface PerturbOptions {
  /** Per-instance inputs of the solver, by name. */
  readonly inputs?: SolverInputs;
  /** By default none. */
  readonly noise?: Noise;
  /** Samples S an instance. By default 1. */
  readonly samples?: number;
  /** M draws a sample, whose states are averaged within it. By default 1. */
  readonly marginalSamples?: number;
  /** These samples are `first` … `first` + S − 1 of a call of `of` samples: the same noise, a part at a time. */
  readonly sampleRange?: { readonly first: number; readonly of: number };
  /**
   * Temperature τ ≥ 0: weight = θ + τ·ε (a solver that minimises: c − τ·ε); as a tensor f32 [...batch], one an
   * instance. By default 1.
   */
  readonly temperature?: number | Tensor;
  /** Which law of a noise of several each instance has: u32 [...batch], numbers of the noise's list. */
  readonly law?: Tensor;
  /**
   * Where the noise is drawn: the same place gives the same ε again. By default the next call of the engine's own
   * stream; a layer has a stream of its own (`engine.random.claimStream`, `engine.random.next`).
   */
  readonly place?: RandomPlace;
  /** Replaces θ by a target's θ′, made of θ and ∂L/∂z. */
  readonly target?: {
    readonly target: Target;
    /** ∂L/∂z: f32 of the weights' shape, or with the axis S before the instance's axes. */
    readonly gradient: Tensor;
  };
  /** Takes weights and gradients that are not finite as 0, and reports them at the next read. By default false. */
  readonly checkFinite?: boolean;
  /**
   * `mean`: f32 [...batch, ...instance], the mean over samples. `samples`: f32 [...batch, S, ...instance].
   * `counts`: i32 [...batch, ...instance], the sum over all draws. By default `mean`.
   */
  readonly output?: "mean" | "samples" | "counts";
  /** Forces one of the solver's strategies. */
  readonly strategy?: Strategy;
}

/**
 * Perturb-and-MAP: solves every instance under S draws of noise, in one dispatch for a solver of one pass (and one
 * more that takes the mean of S > 1). Noise is a pure function of `place`, made where it is used: it is never stored.
 * Carries no gradient by itself: `imle` and other estimators are written with it and `customGradient`.
 *
 * Source: Papandreou, Yuille 2011; Niepert, Minervini, Franceschi 2021, Eq. 5 and 9.
 *
 * @param weights f32 [...batch, ...instance]
 * @throws ImleError where options, shapes or inputs do not fit
 */
export function perturbAndMap(solver: Solver, weights: Tensor, options: PerturbOptions = {}): Tensor {
  const operation = "perturbAndMap";
  requireOptions(operation, options, optionNames);
  const { inputs, samples = 1, marginalSamples = 1, output = "mean", strategy } = options;
  checkCounts(operation, options);
  must(
    output === "mean" || output === "samples" || output === "counts",
    "value",
    () => `${operation}: output must be mean, samples or counts, got ${formatValue(output)}`,
    "Leave it out for the mean.",
  );
  const draws = samples * marginalSamples;
  const { batchShape } = splitBatch(operation, solver, weights.shape);
  return weights.engine.scope(() => {
    const source = perturbedWeights(operation, solver, weights, options);
    const run = { operation, samples: draws, source, ...(inputs && { inputs }), ...(strategy && { strategy }) };
    const count = (groups: number): Tensor => runSolver(solver, weights, { ...run, output: "counts", groups });
    if (output === "counts") return count(1);
    if (output === "mean" && draws > 1) return meanOfCounts(count(1), draws);
    const sampled =
      marginalSamples > 1
        ? meanOfCounts(count(samples), marginalSamples)
        : runSolver(solver, weights, { ...run, output: "states" });
    if (output === "mean" || samples > 1) return sampled;
    return sampled.alias([...batchShape, 1, ...sampled.shape.slice(batchShape.length)]);
  });
}

const optionNames: readonly (keyof PerturbOptions)[] = [
  ...(["inputs", "noise", "samples", "marginalSamples", "sampleRange", "temperature", "law", "place"] as const),
  ...(["target", "checkFinite", "output", "strategy"] as const),
];

function checkCounts(operation: string, options: PerturbOptions): void {
  const { samples = 1, marginalSamples = 1, sampleRange } = options;
  for (const [name, value] of Object.entries({ samples, marginalSamples })) {
    must(
      Number.isInteger(value) && value >= 1,
      "value",
      () => `${operation}: ${name} must be a whole number from 1, got ${formatValue(value)}`,
      "1 is the default.",
    );
  }
  if (!sampleRange) return;
  const { first, of } = sampleRange;
  must(
    Number.isInteger(first) && Number.isInteger(of) && first >= 0 && first + samples <= of,
    "value",
    () => `${operation}: sampleRange must hold ${samples} samples from first, got first ${first} of ${of}`,
    "Pass { first, of } with first + samples at most of.",
  );
}

/** The kernels that {@link perturbAndMap} would use, for `engine.prepare`. */
export function perturbKernels(solver: Solver, weights: Tensor, options: PerturbOptions): Kernel[] {
  const { samples = 1, marginalSamples = 1, output = "mean", strategy } = options;
  const draws = samples * marginalSamples;
  const groups = output === "samples" && marginalSamples > 1 ? samples : 1;
  const counts = output === "counts" || (output === "mean" ? draws > 1 : marginalSamples > 1);
  const place = { seed: 0, stream: 0, call: 0 }; // so that no call of a stream is used up
  const source = perturbedWeights("prepare", solver, weights, { ...options, place });
  const call = { samples: draws, groups, source, output: counts ? "counts" : "states", ...(strategy && { strategy }) } as const;
  return solverKernels(weights.engine, solver, weights.shape, call);
}
