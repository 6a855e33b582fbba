import { formatShape, formatValue, must } from "../../engine/error.js";
import { isTensor, requireChoice, requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { sameShape } from "../../engine/shape.js";
import type { Tensor } from "../../engine/tensor.js";
import { type Batch, type Solver, splitBatch } from "../../solvers/solver.js";
import { requireTemperature } from "../instance-numbers.js";
import { type Noise, requireNoise } from "../noise/noise.js";
import { requireCount } from "../perturb-options.js";

export { requireSolver } from "../../solvers/solver.js";

/** How an estimator perturbs. */
export interface PerturbationOptions {
  /** The law of the perturbations. */
  readonly noise?: Noise;
  /** Samples S an instance and call. By default 1. */
  readonly samples?: number;
  /** τ: weight = θ + τ·ε (costs: c − τ·ε); a number, or f32 [...batch], one an instance. By default 1. */
  readonly temperature?: number | Tensor;
  /** The noise's stream, 1 to 65,535; two estimators of one stream share their noise. By default one of its own. */
  readonly stream?: number;
}

/** How a layer perturbs, and what it returns. */
export interface LayerOptions extends PerturbationOptions {
  /** `mean` over samples, or every sample's state with the axis S before the instance's axes. By default `mean`. */
  readonly output?: "mean" | "samples";
}

export const perturbationNames = ["noise", "samples", "temperature", "stream"] as const;

/** @throws ImleError `value` where an option is unknown or out of its range */
export function checkPerturbation(
  operation: string,
  options: LayerOptions,
  further: readonly string[] = [],
  own: readonly string[] = perturbationNames,
): void {
  requireOptions(operation, options, [...own, ...further]);
  const { noise, samples = 1, temperature = 1, output = "mean" } = options;
  requireCount(operation, "samples", samples);
  requireTemperature(operation, temperature);
  if (noise !== undefined) requireNoise(operation, noise);
  requireChoice(operation, "output", output, ["mean", "samples"]);
}

/** @throws ImleError `value` where it is a number, and not above 0 */
export function requirePositiveTemperature(operation: string, temperature: number | Tensor): void {
  if (!isTensor(temperature)) requirePositive(operation, "temperature", temperature);
}

/** @throws ImleError `value` unless it is a number above 0 */
export function requirePositive(operation: string, name: string, value: number): void {
  must(
    Number.isFinite(value) && value > 0,
    "value",
    () => `${operation}: ${name} must be a number above 0, got ${formatValue(value)}`,
    "Leave it out for the default.",
  );
}

/**
 * σ(ε)/τ of a noise, in WGSL: of instances of temperature 0, 0.
 * @throws ImleError `value` where the score is not known
 */
export function scoreOf(operation: string, noise: Noise): string {
  must(
    typeof noise.score === "string",
    "value",
    () => `${operation}: noise must be a law whose score is known, got ${noise.name}`,
    "Pass normal() or gumbel(), or a noise with a score of its own.",
  );
  return `(${noise.score}) * select(0.0, 1.0 / max(t, 1e-30), t > 0.0)`;
}

/** 1 for a solver that maximises, −1 for one that minimises. */
export const signOf = ({ sense }: Pick<Solver, "sense">): 1 | -1 => (sense === "max" ? 1 : -1);

/** The last axes, as many as an instance has. */
export const instanceAxesOf = ({ instanceAxes }: Pick<Solver, "instanceAxes">): number[] =>
  Array.from({ length: instanceAxes }, (_, i) => i - instanceAxes);

/**
 * The batch of weights whose states have the weights' shape, as they must where a state stands for a slope.
 * @throws ImleError `dtype` or `shape` where they do not fit
 */
export function batchOf(operation: string, solver: Solver, theta: Tensor): Batch {
  requireTensor(operation, "the weights", theta, ["f32"]);
  const batch = splitBatch(operation, solver, theta.shape);
  const stateShape = solver.stateShape(batch.instanceShape);
  must(
    sameShape(stateShape, batch.instanceShape),
    "shape",
    () =>
      `${operation}: states must have the weights' shape ${formatShape(batch.instanceShape)}, ` +
      `got ${solver.name} with ${formatShape(stateShape)}`,
    "Use perturbedOptimiser or scoreFunction, which take states of any shape.",
  );
  return batch;
}

/** @throws ImleError `dtype` or `shape` unless `y` is f32 of the weights' shape */
export function requireLike(operation: string, name: string, theta: Tensor, y: Tensor): void {
  requireTensor(operation, name, y, ["f32"]);
  theta.engine.check(operation, [y]);
  must(
    sameShape(y.shape, theta.shape),
    "shape",
    () => `${operation}: ${name} must have the weights' shape ${formatShape(theta.shape)}, got ${formatShape(y.shape)}`,
    "Pass one number a weight.",
  );
}
