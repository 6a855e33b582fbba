import truncatedNormal from "../../kernels/lib/truncated-normal.wgsl";
import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import { requireLabel, requireNumber, requireOptions } from "../ops/arguments.js";
import { random } from "../ops/create.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { requireEngine } from "./arguments.js";

/** How an initial parameter is made. */
export interface InitOptions {
  /** Names it in errors. */
  label?: string;
}

/**
 * Uniform in ±√(6 / ((1 + a²)·fanIn)) (He et al. 2015, Section 2.2), a the negative slope of the rectifier that follows.
 * The default a = √5 gives ±1/√fanIn, with which PyTorch starts its linear and convolution layers.
 *
 * All initial values come from the engine's own stream, so `engine.seed(n)` repeats them; they are parameters:
 * they require a gradient and outlive scopes.
 *
 * @param shape [outputs, inputs, ...window]: fanIn = inputs × window, fanOut = outputs × window
 * @param options.negativeSlope a; √5 by default
 * @throws ImleError `shape` where it has fewer than two axes; `value` where an option is none
 */
export function kaimingUniform(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { negativeSlope?: number } = {},
): Tensor {
  const { label, factor: negativeSlope } = checkFactor("kaimingUniform", engine, options, "negativeSlope", Math.sqrt(5));
  const { fanIn } = fans("kaimingUniform", shape);
  return uniformWithin(engine, shape, Math.sqrt(6 / ((1 + negativeSlope ** 2) * fanIn)), label);
}

/**
 * Normal of variance 2 / ((1 + a²)·fanIn) (He et al. 2015, Section 2.2); see {@link kaimingUniform}.
 *
 * @param options.negativeSlope a; 0 by default, for ReLU
 */
export function kaimingNormal(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { negativeSlope?: number } = {},
): Tensor {
  const { label, factor: negativeSlope } = checkFactor("kaimingNormal", engine, options, "negativeSlope", 0);
  const { fanIn } = fans("kaimingNormal", shape);
  return normalParameter(engine, shape, { deviation: Math.sqrt(2 / ((1 + negativeSlope ** 2) * fanIn)), label });
}

/**
 * Uniform in ±gain·√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, Eq. 16); see {@link kaimingUniform}.
 *
 * @param options.gain 1 by default
 */
export function xavierUniform(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { gain?: number } = {},
): Tensor {
  const { label, factor: gain } = checkFactor("xavierUniform", engine, options, "gain", 1);
  const { fanIn, fanOut } = fans("xavierUniform", shape);
  return uniformWithin(engine, shape, gain * Math.sqrt(6 / (fanIn + fanOut)), label);
}

/**
 * Normal of variance gain²·2 / (fanIn + fanOut) (Glorot & Bengio 2010, Eq. 12); see {@link kaimingUniform}.
 *
 * @param options.gain 1 by default
 */
export function xavierNormal(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { gain?: number } = {},
): Tensor {
  const { label, factor: gain } = checkFactor("xavierNormal", engine, options, "gain", 1);
  const { fanIn, fanOut } = fans("xavierNormal", shape);
  return normalParameter(engine, shape, { deviation: gain * Math.sqrt(2 / (fanIn + fanOut)), label });
}

/** A parameter uniform in ±bound. */
export function uniformWithin(engine: Engine, shape: readonly number[], bound: number, label: string): Tensor {
  return uniformParameter(engine, shape, { low: -bound, high: bound, label });
}

/** Uniform in (low, high), by default (0, 1); of any shape. See {@link kaimingUniform} for what all these share. */
export function uniformParameter(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { low?: number; high?: number } = {},
): Tensor {
  const { label, ...law } = checkLaw("uniformParameter", engine, options, ["low", "high"]);
  return engine.uniform(shape, { ...law, requiresGrad: true, label }).keep();
}

/** Normal of this mean and standard deviation, by default 0 and 1; of any shape. */
export function normalParameter(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { mean?: number; deviation?: number } = {},
): Tensor {
  const { label, ...law } = checkLaw("normalParameter", engine, options, ["mean", "deviation"]);
  return engine.normal(shape, { ...law, requiresGrad: true, label }).keep();
}

/**
 * Normal of this mean and standard deviation, by default 0 and 1, on condition that it lies within `limit` deviations
 * of the mean; of any shape. The deviation is that of the whole normal: what is left within ±2 has 0.8796 of it.
 *
 * @param options.limit above 0, at most 5; by default 2
 */
export function truncatedNormalParameter(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { mean?: number; deviation?: number; limit?: number } = {},
): Tensor {
  const operation = "truncatedNormalParameter";
  const found = checkLaw(operation, engine, options, ["mean", "deviation", "limit"]);
  const { label, mean = 0, deviation = 1, limit = 2 } = found;
  for (const [name, value] of Object.entries({ mean, deviation, limit })) requireNumber(operation, name, value);
  must(
    deviation >= 0,
    "value",
    () => `${operation}: deviation must not be below 0, got ${deviation}`,
    "Pass the standard deviation.",
  );
  must(
    limit > 0 && limit <= 5,
    "value",
    () => `${operation}: limit must be above 0 and at most 5 deviations, got ${limit}`,
    "Leave it out for 2; beyond 5 use normalParameter.",
  );
  const bound = limit / Math.SQRT2;
  const parameters = [mean, Math.SQRT2 * deviation, errorFunction(bound), bound];
  const distribution = { name: "kernels/lib/truncated-normal.wgsl", text: truncatedNormal };
  return random(engine, operation, distribution, shape, { requiresGrad: true, label }, parameters).keep();
}

/** Every element is `value`, by default 0; of any shape. */
export function constantParameter(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { value?: number } = {},
): Tensor {
  const { label, value = 0 } = checkLaw("constantParameter", engine, options, ["value"]);
  return engine.full(shape, value, { requiresGrad: true, label }).keep();
}

/** erf(x) for x from 0 to 4, by a series of positive terms (Abramowitz & Stegun 1964, 7.1.6). */
function errorFunction(x: number): number {
  let term = x;
  let sum = 0;
  for (let n = 0; term > 1e-17 * sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The options, with a label; what else they hold is for the law itself to check. */
function checkLaw<Options extends InitOptions>(
  operation: string,
  engine: Engine,
  options: Options,
  names: readonly string[],
): Options & { label: string } {
  requireEngine(operation, engine);
  requireOptions(operation, options, ["label", ...names]);
  const { label = "weight" } = options;
  requireLabel(operation, label);
  return { ...options, label };
}

/** The label, and the number by which the law varies, checked. */
export function checkFactor(
  operation: string,
  engine: Engine,
  options: InitOptions & Partial<Record<"negativeSlope" | "gain", number>>,
  name: "negativeSlope" | "gain",
  otherwise: number,
): { label: string; factor: number } {
  requireEngine(operation, engine);
  requireOptions(operation, options, ["label", name]);
  const { label = "weight", [name]: factor = otherwise } = options;
  requireLabel(operation, label);
  requireNumber(operation, name, factor);
  must(
    name !== "gain" || Math.fround(factor) > 0,
    "value",
    () => `${operation}: gain must be above 0, got ${factor}`,
    "Pass 1, or the gain of the nonlinearity that follows.",
  );
  return { label, factor };
}

export function fans(operation: string, shape: readonly number[]): { fanIn: number; fanOut: number } {
  must(
    Array.isArray(shape) && shape.length >= 2 && shape.every((length) => Number.isSafeInteger(length) && length > 0),
    "shape",
    () => `${operation}: the shape must be [outputs, inputs, ...window] without zeros, got ${formatValue(shape)}`,
    "For vectors such as biases use engine.zeros or engine.uniform.",
  );
  const [outputs, inputs, ...window] = shape as [number, number, ...number[]];
  return { fanIn: inputs * sizeOf(window), fanOut: outputs * sizeOf(window) };
}
