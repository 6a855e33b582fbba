import type { Engine } from "../../engine/engine.js";
import type { Kernel } from "../../engine/kernel.js";
import { isTensor, requireChoice, requireOptions } from "../../engine/ops/arguments.js";
import type { Tensor } from "../../engine/tensor.js";
import { checkCounts } from "../../solvers/call.js";
import { type Batch, product, type Solver, type SolverInputs, splitBatch } from "../../solvers/solver.js";
import { instanceNumbers, requireTemperature } from "../instance-numbers.js";
import { drawNoise } from "../noise/draw.js";
import type { Noise } from "../noise/noise.js";
import { noiseSum, noiseSumKernel } from "../noise/sum.js";
import type { Perturbation, PerturbOptions } from "../perturb-options.js";
import { type SamplePart, sampleParts } from "../sample-parts.js";
import { type CallOptions, placesOf } from "./estimator.js";
import type { PerturbationOptions } from "./options.js";

/** Options of estimators that need the noise itself. */
export interface PerturbedOptions extends PerturbationOptions {
  /** By default `additive`. */
  readonly perturbation?: Perturbation;
}

/** What a single call of an estimator that perturbs may say anew. */
export interface PerturbedCallOptions extends CallOptions {
  /** τ of this call: a number, or f32 [...batch], one an instance. */
  readonly temperature?: number | Tensor;
  /** For a noise of several laws: which one each instance has, u32 [...batch]. */
  readonly law?: Tensor;
}

export const perturbedCallNames: readonly (keyof PerturbedCallOptions)[] = ["call", "temperature", "law"];

/** All that decides the perturbed weights of a call: options of `perturbAndMap`. */
export interface PerturbedCall
  extends Required<Pick<PerturbOptions, "noise" | "samples" | "temperature" | "perturbation" | "place" | "inputs">> {
  readonly law?: Tensor;
}

/** The calls of an estimator. */
export interface PerturbedCalls {
  /** The next one: the estimator's own options, what the call says anew, and the next place of its stream. */
  next(engine: Engine, inputs: SolverInputs, call: PerturbedCallOptions): PerturbedCall;
  /** One for weights of a shape that is only prepared for. */
  prepared(solver: Solver, theta: Tensor): PerturbedCall;
}

/** @throws ImleError `value` for a perturbation that there is not; at a call where its options are out of range */
export function perturbedCalls(
  operation: string,
  options: PerturbedOptions & { readonly noise: Noise },
): PerturbedCalls {
  const { noise, samples = 1, temperature = 1, perturbation = "additive", stream } = options;
  requireChoice(operation, "perturbation", perturbation, ["additive", "multiplicative"]);
  const placeOf = placesOf(operation, stream);
  const own = { noise, samples, temperature, perturbation };
  return {
    next(engine, inputs, call) {
      requireOptions(operation, call, perturbedCallNames);
      const { call: number, ...anew } = call;
      if (anew.temperature !== undefined) requireTemperature(operation, anew.temperature);
      return { ...own, ...anew, inputs, place: placeOf(engine, number) };
    },
    prepared: (solver, theta) =>
      preparedNumbers(solver, theta, { ...own, inputs: {}, place: { seed: 0, stream: 0, call: 0 } }),
  };
}

/** Options with numbers for the instances of weights where the noise, or the temperature, asks for some. */
export function preparedNumbers<Options extends Pick<PerturbOptions, "noise" | "temperature">>(
  solver: Solver,
  { engine, shape }: Tensor,
  options: Options,
): Options & Pick<PerturbOptions, "law"> {
  const batch = shape.slice(0, shape.length - solver.instanceAxes);
  const own = isTensor(options.temperature) && { temperature: engine.zeros(batch) };
  return { ...options, ...own, ...((options.noise?.laws ?? 1) > 1 && { law: engine.zeros(batch, { dtype: "u32" }) }) };
}

/** Tensors that a backward pass reads. */
export const tensorsOf = ({ inputs, noise, temperature, law }: PerturbedCall): Tensor[] =>
  [...Object.values(inputs), noise.given, temperature, law].filter(isTensor);

/** ε of a call, drawn again: f32 [...batch, S, ...instance]. */
export function drawsOf(solver: Solver, theta: Tensor, { noise, samples, place, law }: PerturbedCall): Tensor {
  const { batchShape, instanceShape, instances, size } = splitBatch("draws", solver, theta.shape);
  const shape = [...batchShape, samples, ...instanceShape];
  if (noise.wgsl === "" && !noise.given) return theta.engine.zeros(shape);
  const drawn = (): Tensor =>
    drawNoise(theta.engine, noise, [instances, samples, size], place, law && { law }).reshape(shape);
  return noise.given ?? drawn();
}

/**
 * Samples in parts, of which the states of one are kept at a time.
 * @throws ImleError `value` where there are too many samples for sums of their states to be exact
 */
export function partsOf(operation: string, solver: Solver, batch: Batch, samples: number): SamplePart[] {
  checkCounts(operation, solver, batch, samples);
  const { instances, instanceShape, size } = batch;
  return sampleParts(samples, instances * Math.max(size, product(solver.stateShape(instanceShape))));
}

/** The options by which `perturbAndMap` gives the states of a part of a call's samples. */
export const callOfPart = (call: PerturbedCall, { first, count, of }: SamplePart): PerturbOptions => ({
  ...{ ...call, samples: count, sampleRange: { first, of }, output: "samples" },
});

/**
 * Σ_s c_s·f(ε_s) over a part of a call's samples.
 *
 * @param coefficients c, f32 [...batch, samples], or [...batch, samples, ...instance]
 * @param of f, a WGSL expression of `x: vec4f`, the draws, and `t: f32`, the temperature
 */
export function sumOverNoise(
  operation: string,
  coefficients: Tensor,
  of: string,
  { batchShape, instanceShape }: Batch,
  call: PerturbedCall,
  sum: { readonly part: SamplePart; readonly scale: number },
): Tensor {
  return noiseSum(operation, coefficients, { ...call, ...sum, function: of, batchShape, instanceShape });
}

/** The kernel of {@link sumOverNoise}, for `engine.prepare`. */
export function sumKernel(
  theta: Tensor,
  { batchShape }: Batch,
  of: string,
  perElement: boolean,
  { noise, temperature, law }: Pick<PerturbedCall, "noise" | "temperature" | "law">,
): Kernel {
  const numbers = instanceNumbers("prepare", theta.engine, batchShape, noise, { temperature, ...(law && { law }) });
  return noiseSumKernel(theta.engine, noise, numbers, perElement, of);
}
