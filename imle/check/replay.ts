import { must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { slice } from "../../engine/ops/slicing.js";
import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";
import { product, type Solver, type SolverInputs, splitBatch, type Strategy } from "../../solvers/solver.js";
import { traceSolve } from "../../solvers/trace.js";
import { drawNoise } from "../noise/draw.js";
import type { Noise } from "../noise/noise.js";

/** Which sample of a perturbed solve {@link replaySample} solves again. */
export interface ReplayOptions {
  /** That of the perturbed solve. */
  readonly noise: Noise;
  /** (seed, stream, call) of the perturbed solve. */
  readonly place: RandomPlace;
  /** Row of the batch, all batch axes counted as one. */
  readonly instance: number;
  /** From 0. */
  readonly sample: number;
  /** τ of the perturbed solve. By default 1. */
  readonly temperature?: number;
  /** For a noise of several laws: which one each instance has, u32 [...batch]. */
  readonly law?: Tensor;
  /** Per-instance inputs of the solver, by name. */
  readonly inputs?: SolverInputs;
  /** Forces one of the solver's strategies. */
  readonly strategy?: Strategy;
  /** How many numbers of `trace(i, x)` are kept; see {@link traceSolve}. */
  readonly words?: number;
}

/**
 * One sample of a perturbed solve, alone: the weights that the solver saw, its state, and what it traced.
 *
 * @param weights f32 [...batch, ...instance]: those of the whole batch
 * @returns weights f32 [1, ...instance], states f32 [1, ...state], trace f32 [1, words]
 * @throws ImleError `value` where the instance or the sample does not exist
 */
export function replaySample(
  solver: Solver,
  weights: Tensor,
  options: ReplayOptions,
): { weights: Tensor; states: Tensor; trace: Tensor } {
  const operation = "replaySample";
  requireOptions(operation, options, optionNames);
  const { noise, place, instance, sample, temperature = 1, law, inputs = {}, ...rest } = options;
  const { engine } = weights;
  const { batchShape, instanceShape, instances, size } = splitBatch(operation, solver, weights.shape);
  must(
    Number.isInteger(instance) && instance >= 0 && instance < instances && Number.isInteger(sample) && sample >= 0,
    "value",
    () => `${operation}: instance must be below ${instances} and sample from 0, got ${instance} and ${sample}`,
    "Count from 0.",
  );
  const rowOf = (tensor: Tensor, own: readonly number[]): Tensor => {
    const rows = tensor.reshape([product(batchShape), ...own]);
    return slice(rows, [{ start: instance, end: instance + 1 }]);
  };
  return engine.scope(() => {
    const row = rowOf(weights, instanceShape);
    const drawn = drawNoise(engine, noise, [1, 1, size], place, { first: { instance, sample }, ...(law && { law }) });
    const scale = solver.sense === "max" ? temperature : -temperature;
    const perturbed = row.add(drawn.reshape([1, ...instanceShape]).mul(scale));
    const own = Object.entries(inputs).map(([name, tensor]) => {
      const shape = solver.inputs[name]?.shape(instanceShape) ?? [];
      const shared = tensor.shape.length === shape.length && batchShape.length > 0;
      return [name, shared ? tensor : rowOf(tensor, shape)] as const;
    });
    return { weights: perturbed, ...traceSolve(solver, perturbed, { ...rest, inputs: Object.fromEntries(own) }) };
  });
}

const optionNames: readonly (keyof ReplayOptions)[] = [
  ...(["noise", "place", "instance", "sample", "temperature", "law", "inputs", "strategy", "words"] as const),
];
