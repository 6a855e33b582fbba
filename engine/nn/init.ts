import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import { requireLabel, requireNumber, requireOptions } from "../ops/arguments.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { requireEngine } from "./arguments.js";

/** How an initial parameter is made. */
export interface InitOptions {
  /** Names it in errors. */
  label?: string;
}

/**
 * Uniform in ±√(6 / ((1 + a²)·fanIn)) (He et al. 2015, Eq. 14), a the negative slope of the rectifier that follows.
 * The default a = √5 gives ±1/√fanIn, with which PyTorch starts its linear and convolution layers.
 *
 * All initial values come from the engine's own stream, so `engine.seed(n)` repeats them; they are parameters:
 * they require a gradient and outlive scopes.
 *
 * @param shape [outputs, inputs, ...window]: fanIn = inputs × window, fanOut = outputs × window
 */
export function kaimingUniform(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { negativeSlope?: number } = {},
): Tensor {
  const { label, factor: negativeSlope } = check("kaimingUniform", engine, options, "negativeSlope", Math.sqrt(5));
  const { fanIn } = fans("kaimingUniform", shape);
  return uniformParameter(engine, shape, Math.sqrt(6 / ((1 + negativeSlope ** 2) * fanIn)), label);
}

/** Normal of variance 2 / ((1 + a²)·fanIn) (He et al. 2015); see {@link kaimingUniform}. */
export function kaimingNormal(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { negativeSlope?: number } = {},
): Tensor {
  const { label, factor: negativeSlope } = check("kaimingNormal", engine, options, "negativeSlope", 0);
  const { fanIn } = fans("kaimingNormal", shape);
  return normalParameter(engine, shape, Math.sqrt(2 / ((1 + negativeSlope ** 2) * fanIn)), label);
}

/** Uniform in ±gain·√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, Eq. 16); see {@link kaimingUniform}. */
export function xavierUniform(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { gain?: number } = {},
): Tensor {
  const { label, factor: gain } = check("xavierUniform", engine, options, "gain", 1);
  const { fanIn, fanOut } = fans("xavierUniform", shape);
  return uniformParameter(engine, shape, gain * Math.sqrt(6 / (fanIn + fanOut)), label);
}

/** Normal of variance gain²·2 / (fanIn + fanOut) (Glorot & Bengio 2010, Eq. 12); see {@link kaimingUniform}. */
export function xavierNormal(
  engine: Engine,
  shape: readonly number[],
  options: InitOptions & { gain?: number } = {},
): Tensor {
  const { label, factor: gain } = check("xavierNormal", engine, options, "gain", 1);
  const { fanIn, fanOut } = fans("xavierNormal", shape);
  return normalParameter(engine, shape, gain * Math.sqrt(2 / (fanIn + fanOut)), label);
}

/** A parameter uniform in ±bound. */
export function uniformParameter(engine: Engine, shape: readonly number[], bound: number, label: string): Tensor {
  return engine.uniform(shape, { low: -bound, high: bound, requiresGrad: true, label }).keep();
}

function normalParameter(engine: Engine, shape: readonly number[], deviation: number, label: string): Tensor {
  return engine.normal(shape, { deviation, requiresGrad: true, label }).keep();
}

/** The label, and the number by which the law varies, checked. */
function check(
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

function fans(operation: string, shape: readonly number[]): { fanIn: number; fanOut: number } {
  must(
    Array.isArray(shape) && shape.length >= 2 && shape.every((length) => Number.isSafeInteger(length) && length > 0),
    "shape",
    () => `${operation}: the shape must be [outputs, inputs, ...window] without zeros, got ${formatValue(shape)}`,
    "For vectors such as biases use engine.zeros or engine.uniform.",
  );
  const [outputs, inputs, ...window] = shape as [number, number, ...number[]];
  return { fanIn: inputs * sizeOf(window), fanOut: outputs * sizeOf(window) };
}
