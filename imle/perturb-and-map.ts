import { formatShape, formatValue, must } from "../engine/error.js";
import type { Kernel } from "../engine/kernel.js";
import { requireChoice, requireOptions, requireTensor } from "../engine/ops/arguments.js";
import type { RandomPlace } from "../engine/random.js";
import type { Tensor } from "../engine/tensor.js";
import { runSolver, solverKernels } from "../solvers/run.js";
import { product, requireSolver, type Solver, type SolverInputs, splitBatch, type Strategy } from "../solvers/solver.js";
import { differenceOfMeans, meanKernel, meanOfCounts } from "./mean.js";
import type { Noise } from "./noise/noise.js";
import { perturbedWeights } from "./perturbed-weights.js";
import type { Target } from "./target/target.js";

/**
 * How weights are perturbed: θ + τ·ε (costs: c − τ·ε), or θ ⊙ exp(τ·ε − τ²/2), which keeps their signs and, where ε is
 * normal, their means.
 */
export type Perturbation = "additive" | "multiplicative";

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
  /** By default `additive`. A target's θ′ is perturbed in the same way. */
  readonly perturbation?: Perturbation;
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
   * `counts`: i32 [...batch, ...instance], the sum over all draws; `sampleCounts`: i32 [...batch, S, ...instance], that
   * over each sample's draws. By default `mean`.
   */
  readonly output?: "mean" | "samples" | "counts" | "sampleCounts";
  /**
   * Instead of the mean returns `scale · (mean of states − mean)`, where `states` are f32 means [...batch,
   * ...instance], or [...batch, S, ...instance]; output `mean` only. With z and z′ it is the gradient of I-MLE (Eq. 9).
   */
  readonly differenceFrom?: { readonly states: Tensor; readonly scale: number };
  /** Forces one of the solver's strategies. */
  readonly strategy?: Strategy;
}

/**
 * Perturb-and-MAP: solves every instance under S draws of noise, in one dispatch for a solver of one pass (and one more
 * that takes the mean, where several invocations work on the samples of an instance). Noise is a pure function of
 * `place`, made where it is used: it is never stored. Carries no gradient by itself: `imle` and other estimators are
 * written with it and `customGradient`.
 *
 * Source: Papandreou, Yuille 2011; Niepert, Minervini, Franceschi 2021, Eq. 5 and 9.
 *
 * @param weights f32 [...batch, ...instance]
 * @throws ImleError where options, shapes or inputs do not fit
 */
export function perturbAndMap(solver: Solver, weights: Tensor, options: PerturbOptions = {}): Tensor {
  const operation = "perturbAndMap";
  requireSolver(operation, solver);
  requireTensor(operation, "the weights", weights, ["f32"]);
  requireOptions(operation, options, optionNames);
  const { inputs, samples = 1, marginalSamples = 1, output = "mean", differenceFrom, strategy } = options;
  checkCounts(operation, options);
  requireChoice(operation, "output", output, ["mean", "samples", "counts", "sampleCounts"]);
  if (differenceFrom) checkDifference(operation, solver, weights, options);
  const draws = samples * marginalSamples;
  const { batchShape, instanceShape } = splitBatch(operation, solver, weights.shape);
  return weights.engine.scope(() => {
    const source = perturbedWeights(operation, solver, weights, options);
    const run = { operation, samples: draws, source, ...(inputs && { inputs }), ...(strategy && { strategy }) };
    const count = (groups: number): Tensor => runSolver(solver, weights, { ...run, output: "counts", groups });
    if (output === "counts") return count(1);
    if (differenceFrom) {
      const { states, scale } = differenceFrom;
      const baseSamples = states.shape.length > weights.shape.length ? samples : 1;
      const finish = { base: states, baseSamples, scale };
      const found = runSolver(solver, weights, { ...run, output: "mean", finish });
      if (found.dtype === "f32") return found;
      const size = product(solver.stateShape(instanceShape));
      return differenceOfMeans(states, found, { draws, scale, size, baseSamples });
    }
    if (output === "mean" && draws > 1) {
      const found = runSolver(solver, weights, { ...run, output: "mean" });
      return found.dtype === "f32" ? found : meanOfCounts(found, draws);
    }
    const sampled =
      output === "sampleCounts"
        ? count(samples)
        : marginalSamples > 1
          ? meanOfCounts(count(samples), marginalSamples)
          : runSolver(solver, weights, { ...run, output: "states" });
    if (output === "mean" || samples > 1) return sampled;
    return sampled.alias([...batchShape, 1, ...sampled.shape.slice(batchShape.length)]);
  });
}

const optionNames: readonly (keyof PerturbOptions)[] = [
  ...(["inputs", "noise", "samples", "marginalSamples", "sampleRange", "temperature", "law", "place"] as const),
  ...(["perturbation", "target", "checkFinite", "output", "differenceFrom", "strategy"] as const),
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

function checkDifference(operation: string, solver: Solver, weights: Tensor, options: PerturbOptions): void {
  const { samples = 1, output = "mean", differenceFrom } = options;
  const { states } = differenceFrom!;
  requireTensor(operation, "differenceFrom.states", states, ["f32"]);
  weights.engine.check(operation, [weights, states]);
  const { batchShape, instanceShape } = splitBatch(operation, solver, weights.shape);
  const own = solver.stateShape(instanceShape);
  const got = formatShape(states.shape);
  must(
    got === formatShape([...batchShape, ...own]) || got === formatShape([...batchShape, samples, ...own]),
    "shape",
    () => `${operation}: differenceFrom.states must be means, or a state for each of ${samples} samples, got ${got}`,
    "Pass what the forward pass returned.",
  );
  must(
    output === "mean",
    "value",
    () => `${operation}: differenceFrom must come with output mean, got ${formatValue(output)}`,
    "Leave output out.",
  );
}

/** The kernels that {@link perturbAndMap} would use, for `engine.prepare`. */
export function perturbKernels(solver: Solver, weights: Tensor, options: PerturbOptions): Kernel[] {
  const { samples = 1, marginalSamples = 1, output = "mean", strategy } = options;
  const draws = samples * marginalSamples;
  const counted = output === "counts" || output === "sampleCounts";
  const groups = output === "sampleCounts" || (output === "samples" && marginalSamples > 1) ? samples : 1;
  const counts = counted || (output === "mean" ? draws > 1 : marginalSamples > 1);
  const place = { seed: 0, stream: 0, call: 0 }; // so that no call of a stream is used up
  const source = perturbedWeights("prepare", solver, weights, { ...options, place });
  const { states, scale = 1 } = options.differenceFrom ?? {};
  const sampled = states !== undefined && states.shape.length > weights.shape.length;
  const finish = states && { finish: { base: states, baseSamples: sampled ? samples : 1, scale } };
  const way = finish || (output === "mean" && counts) ? "mean" : counts ? "counts" : "states";
  const call = { samples: draws, groups, source, output: way, ...finish, ...(strategy && { strategy }) } as const;
  const { engine } = weights;
  const reduces = !counted && (counts || states !== undefined);
  const solves = solverKernels(engine, solver, weights.shape, call);
  return reduces ? [...solves, meanKernel(engine, states !== undefined)] : solves;
}
