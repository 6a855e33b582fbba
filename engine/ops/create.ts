import arangeSource from "../../kernels/arange.wgsl";
import fillSource from "../../kernels/fill.wgsl";
import distributions from "../../kernels/lib/distributions.wgsl";
import stable from "../../kernels/lib/stable.wgsl";
import randomSource from "../../kernels/random.wgsl";
import { constants, type Piece } from "../compose.js";
import type { Engine, TensorOptions } from "../engine.js";
import { formatValue, must } from "../error.js";
import type { DType, Tensor } from "../tensor.js";
import { requireNumber, requireTensorOptions } from "./arguments.js";

const lanes = 64;
const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** A tensor of which every element is `value`. */
export function fill(engine: Engine, shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
  must(
    Array.isArray(shape),
    "shape",
    () => `full: the shape must be an array, got ${formatValue(shape)}`,
    "Pass the lengths of the axes in an array: zeros([2, 3]).",
  );
  requireTensorOptions("full", options);
  const { dtype = "f32" } = options;
  requireNumber("full", "value", value, dtype);
  const result = engine.output("full", shape, dtype, options);
  const count = Math.ceil(result.size / 4);
  engine.dispatch({
    kernel: engine.kernel("fill", () => [constants({ LANES: lanes }), { name: "kernels/fill.wgsl", text: fillSource }]),
    buffers: { result: result.slice("full") },
    uniforms: { count, value: dtype === "f32" ? bitsOf(value) : value >>> 0 },
    workgroups: Math.ceil(count / lanes),
  });
  return result;
}

/** `count` numbers from `start` in steps of `step`; see {@link Engine.arange}. */
export function arange(
  engine: Engine,
  count: number,
  options: TensorOptions & { start?: number; step?: number } = {},
): Tensor {
  requireTensorOptions("arange", options, ["start", "step"]);
  const { start = 0, step = 1, ...rest } = options;
  must(
    Number.isSafeInteger(count) && count >= 0,
    "value",
    () => `arange: count must be a whole number from 0, got ${formatValue(count)}`,
    "Pass the number of elements, not the end.",
  );
  const whole = Number.isInteger(start) && Number.isInteger(step) && !rest.requiresGrad;
  const { dtype = whole ? "i32" : "f32" } = rest;
  requireNumber("arange", "start", start, dtype);
  requireNumber("arange", "step", step, dtype === "u32" ? "i32" : dtype);
  requireNumber("arange", "the last element", start + step * Math.max(count - 1, 0), dtype);
  const result = engine.output("arange", [count], dtype, rest);
  const vectors = Math.ceil(count / 4);
  engine.dispatch({
    kernel: engine.kernel(`arange:${dtype}`, () => [
      constants({ LANES: lanes }),
      {
        name: "elements",
        text: `alias T = vec4<${dtype}>;\nstruct Uniforms { count: u32, start: ${dtype}, step: ${dtype} }`,
      },
      { name: "kernels/arange.wgsl", text: arangeSource },
    ]),
    buffers: { result: result.slice("arange") },
    uniforms: { count: vectors, start, step },
    workgroups: Math.ceil(vectors / lanes),
  });
  return result;
}

/** Uniform random numbers in (low, high), both excluded; f32. */
export function uniform(
  engine: Engine,
  shape: readonly number[],
  options: TensorOptions & { low?: number; high?: number } = {},
): Tensor {
  requireTensorOptions("uniform", options, ["low", "high"]);
  const { low = 0, high = 1, ...rest } = options;
  requireNumber("uniform", "low", low);
  requireNumber("uniform", "high", high);
  const lowest = nextFloat(low, 1);
  const highest = nextFloat(high, -1);
  must(
    low < high && lowest <= highest && Number.isFinite(Math.fround(high - low)),
    "value",
    () => `uniform: low must lie below high, with f32 numbers between them, got ${low} and ${high}`,
    "Use a wider range, below 3.4e38.",
  );
  return random(engine, "uniform", calling("uniform_between"), shape, rest, [low, high - low, lowest, highest]);
}

/** Normal random numbers by Box and Muller, of this mean and standard deviation; f32. */
export function normal(
  engine: Engine,
  shape: readonly number[],
  options: TensorOptions & { mean?: number; deviation?: number } = {},
): Tensor {
  requireTensorOptions("normal", options, ["mean", "deviation"]);
  const { mean = 0, deviation = 1, ...rest } = options;
  requireNumber("normal", "mean", mean);
  requireNumber("normal", "deviation", deviation);
  must(
    deviation >= 0,
    "value",
    () => `normal: deviation must not be below 0, got ${deviation}`,
    "Pass the standard deviation.",
  );
  return random(engine, "normal", calling("normal_pairs"), shape, rest, [mean, deviation]);
}

const calling = (name: string): Piece => ({
  name,
  text: `fn distribution(words: vec4u) -> vec4f { return ${name}(words); }`,
});

/**
 * Random numbers from the engine's own stream; f32.
 *
 * @param distribution defines `distribution(words)`, four numbers of four random words
 * @param parameters four at most, its `uniforms.parameters`
 */
export function random(
  engine: Engine,
  label: string,
  distribution: Piece,
  shape: readonly number[],
  options: TensorOptions,
  parameters: readonly number[],
): Tensor {
  const dtype: DType = options.dtype ?? "f32";
  must(dtype === "f32", "dtype", () => `${label}: dtype must be f32, got ${formatValue(dtype)}`, "Leave dtype out.");
  const result = engine.output(label, shape, dtype, options);
  const { seed, stream, call } = engine.random.next(0);
  const count = Math.ceil(result.size / 4);
  engine.dispatch({
    kernel: engine.kernel(label, () => [
      constants({ LANES: lanes }),
      { name: "vectors", text: "alias F = vec2f;" },
      { name: "kernels/lib/stable.wgsl", text: stable },
      { name: "kernels/random.wgsl", text: randomSource },
      { name: "kernels/lib/distributions.wgsl", text: distributions },
      distribution,
    ]),
    buffers: { result: result.slice(label) },
    uniforms: { count, seed, stream, call, parameters },
    workgroups: Math.ceil(count / lanes),
  });
  return result;
}

function bitsOf(value: number): number {
  float[0] = value;
  return floatBits[0]!;
}

/** The nearest f32 strictly above (direction 1) or below (−1) a number. */
function nextFloat(value: number, direction: 1 | -1): number {
  float[0] = value;
  while (direction > 0 ? float[0] <= value : float[0] >= value) {
    if (float[0] === 0) {
      floatBits[0] = direction > 0 ? 0x00800000 : 0x80800000;
    } else floatBits[0]! += float[0] > 0 === direction > 0 ? 1 : -1;
  }
  return float[0];
}
