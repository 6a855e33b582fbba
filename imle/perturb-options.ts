import { formatShape, formatValue, must } from "../engine/error.js";
import { requireChoice, requireFlag, requireNumber, requireOptions, requireTensor } from "../engine/ops/arguments.js";
import type { RandomPlace } from "../engine/random.js";
import type { Tensor } from "../engine/tensor.js";
import { requireInputs } from "../solvers/inputs.js";
import { type Solver, type SolverInputs, splitBatch, type Strategy } from "../solvers/solver.js";
import { type Noise, requireNoise } from "./noise/noise.js";
import { requirePlace } from "./noise/place.js";
import { requireTarget, type Target } from "./target/target.js";

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
  readonly sampleRange?: {
    /** From 0. */
    readonly first: number;
    /** Samples of the whole call. */
    readonly of: number;
  };
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
    /** What makes θ′. */
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
  readonly differenceFrom?: {
    /** Means to be taken from, f32. */
    readonly states: Tensor;
    /** What the difference is multiplied by. */
    readonly scale: number;
  };
  /** Forces one of the solver's strategies. */
  readonly strategy?: Strategy;
}

const optionNames: readonly (keyof PerturbOptions)[] = [
  ...(["inputs", "noise", "samples", "marginalSamples", "sampleRange", "temperature", "law", "place"] as const),
  ...(["perturbation", "target", "checkFinite", "output", "differenceFrom", "strategy"] as const),
];

/**
 * What can be said before anything is solved: the shapes of given noise, laws and targets are looked at where they are
 * bound.
 *
 * @throws ImleError where an option is unknown, out of its range, or does not fit the weights
 */
export function checkPerturbOptions(
  operation: string,
  solver: Solver,
  weights: Tensor,
  options: PerturbOptions,
): void {
  requireOptions(operation, options, optionNames);
  const { noise, samples = 1, marginalSamples = 1, sampleRange, place, perturbation = "additive" } = options;
  const { target, checkFinite = false, output = "mean", differenceFrom, strategy } = options;
  if (options.inputs !== undefined) requireInputs(operation, solver, options.inputs);
  if (noise !== undefined) requireNoise(operation, noise);
  requireCount(operation, "samples", samples);
  requireCount(operation, "marginalSamples", marginalSamples);
  if (sampleRange !== undefined) requireRange(operation, sampleRange, samples);
  if (place !== undefined) requirePlace(operation, place);
  requireChoice(operation, "perturbation", perturbation, ["additive", "multiplicative"]);
  if (target !== undefined) {
    requireOptions(`${operation}: target`, target, ["target", "gradient"]);
    requireTarget(operation, target.target);
    requireTensor(operation, "target.gradient", target.gradient, ["f32"]);
    weights.engine.check(operation, [weights, target.gradient]);
  }
  requireFlag(operation, "checkFinite", checkFinite);
  requireChoice(operation, "output", output, ["mean", "samples", "counts", "sampleCounts"]);
  if (differenceFrom !== undefined) checkDifference(operation, solver, weights, options);
  if (strategy !== undefined) requireChoice(operation, "strategy", strategy, ["lane", "workgroup"]);
}

/** @throws ImleError `value` unless it is a whole number from 1 */
export function requireCount(operation: string, name: string, count: number, usual = 1): void {
  must(
    Number.isInteger(count) && count >= 1,
    "value",
    () => `${operation}: ${name} must be a whole number from 1, got ${formatValue(count)}`,
    `${usual} is the default.`,
  );
}

function requireRange(operation: string, range: NonNullable<PerturbOptions["sampleRange"]>, samples: number): void {
  requireOptions(`${operation}: sampleRange`, range, ["first", "of"]);
  const { first, of } = range;
  must(
    Number.isInteger(first) && Number.isInteger(of) && first >= 0 && first + samples <= of && of < 2 ** 32,
    "value",
    () =>
      `${operation}: sampleRange must hold ${samples} samples from first, of fewer than 2³², ` +
      `got first ${formatValue(first)} of ${formatValue(of)}`,
    "Pass { first, of } with first + samples at most of.",
  );
}

function checkDifference(operation: string, solver: Solver, weights: Tensor, options: PerturbOptions): void {
  const { samples = 1, output = "mean", differenceFrom } = options;
  requireOptions(`${operation}: differenceFrom`, differenceFrom, ["states", "scale"]);
  const { states, scale } = differenceFrom!;
  requireNumber(operation, "differenceFrom.scale", scale);
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

