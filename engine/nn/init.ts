import type { Engine } from "../engine.js";
import { formatShape, must } from "../error.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";

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
  { negativeSlope = Math.sqrt(5), label = "weight" }: InitOptions & { negativeSlope?: number } = {},
): Tensor {
  const { fanIn } = fans("kaimingUniform", shape);
  return uniformParameter(engine, shape, Math.sqrt(6 / ((1 + negativeSlope ** 2) * fanIn)), label);
}

/** Normal of variance 2 / ((1 + a²)·fanIn) (He et al. 2015); see {@link kaimingUniform}. */
export function kaimingNormal(
  engine: Engine,
  shape: readonly number[],
  { negativeSlope = 0, label = "weight" }: InitOptions & { negativeSlope?: number } = {},
): Tensor {
  const { fanIn } = fans("kaimingNormal", shape);
  return normalParameter(engine, shape, Math.sqrt(2 / ((1 + negativeSlope ** 2) * fanIn)), label);
}

/** Uniform in ±gain·√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010, Eq. 16); see {@link kaimingUniform}. */
export function xavierUniform(
  engine: Engine,
  shape: readonly number[],
  { gain = 1, label = "weight" }: InitOptions & { gain?: number } = {},
): Tensor {
  const { fanIn, fanOut } = fans("xavierUniform", shape);
  return uniformParameter(engine, shape, gain * Math.sqrt(6 / (fanIn + fanOut)), label);
}

/** Normal of variance gain²·2 / (fanIn + fanOut) (Glorot & Bengio 2010, Eq. 12); see {@link kaimingUniform}. */
export function xavierNormal(
  engine: Engine,
  shape: readonly number[],
  { gain = 1, label = "weight" }: InitOptions & { gain?: number } = {},
): Tensor {
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

function fans(operation: string, shape: readonly number[]): { fanIn: number; fanOut: number } {
  must(
    shape.length >= 2 && sizeOf(shape) > 0,
    "shape",
    () => `${operation}: the shape must be [outputs, inputs, ...window] without zeros, got ${formatShape(shape)}`,
    "For vectors such as biases use engine.zeros or engine.uniform.",
  );
  const [outputs, inputs, ...window] = shape as [number, number, ...number[]];
  return { fanIn: inputs * sizeOf(window), fanOut: outputs * sizeOf(window) };
}
