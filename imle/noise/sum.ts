import { constants } from "../../engine/compose.js";
import type { Engine } from "../../engine/engine.js";
import type { Kernel } from "../../engine/kernel.js";
import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";
import { sizeOf } from "../../engine/shape.js";
import { type InstanceNumbers, instanceNumbers } from "../instance-numbers.js";
import type { SamplePart } from "../sample-parts.js";
import { noiseBindings, noisePiece } from "./draw.js";
import type { Noise } from "./noise.js";
import sumText from "./sum.wgsl";

const lanes = 64;
/** Samples that one lane adds up: lavapipe ends its loops after 65,535 iterations, ten of which a table's draw takes. */
const mostSamples = 256;
/** Lanes from which on samples are not divided between more of them. */
const enoughLanes = 4096;

/** What {@link noiseSum} adds up, and where its noise is drawn. */
export interface NoiseSum {
  /** WGSL expression of `x: vec4f`, four draws ε, and `t: f32`, the temperature. */
  readonly function: string;
  readonly noise: Noise;
  readonly place: RandomPlace;
  readonly temperature: number | Tensor;
  readonly law?: Tensor | undefined;
  /** Which samples of the call these are. */
  readonly part: SamplePart;
  /** Shapes of the batch and of an instance. */
  readonly batchShape: readonly number[];
  readonly instanceShape: readonly number[];
  /** What the sum is multiplied by. By default 1. */
  readonly scale?: number;
}

/**
 * Σ_s c_s·f(ε_s) of every instance over its samples, with the noise that a perturbed solver sees, drawn again and not
 * stored. Two dispatches at most.
 *
 * @param coefficients c, f32 [...batch, samples], or one an element, [...batch, samples, ...instance]
 * @returns f32 [...batch, ...instance]
 */
export function noiseSum(operation: string, coefficients: Tensor, sum: NoiseSum): Tensor {
  const { engine } = coefficients;
  const { noise, place, part, batchShape, instanceShape, scale = 1 } = sum;
  const { given } = noise;
  const [instances, size] = [sizeOf(batchShape), sizeOf(instanceShape)];
  const blocks = Math.ceil(size / 4);
  const perElement = coefficients.shape.length > batchShape.length + 1;
  // A noise without a table may loop at every draw.
  const most = noise.table || given ? mostSamples : 1;
  const wanted = Math.ceil(enoughLanes / Math.max(instances * blocks, 1));
  const stripe = Math.min(most, Math.ceil(part.count / wanted));
  const stripes = Math.ceil(part.count / stripe);
  const count = instances * stripes * blocks;
  const y = engine.output(operation, [...batchShape, stripes, ...instanceShape]);
  const { law, temperature } = sum;
  const numbers = instanceNumbers(operation, engine, batchShape, noise, { temperature, ...(law && { law }) });
  engine.dispatch({
    kernel: noiseSumKernel(engine, noise, numbers, perElement, sum.function),
    buffers: {
      y: y.slice(operation),
      coefficients: coefficients.slice(operation),
      ...(given && { given: given.slice(operation) }),
      ...noiseBindings(engine, noise, numbers, firstOwn(noise)).buffers,
    },
    uniforms: {
      ...{ random_place: [place.seed, place.stream, place.call, 0], ...numbers.uniforms },
      ...{ temperature: numbers.temperature, scale, count, size, stripe, stripes },
      ...{ samples: part.count, first_sample: part.first, all_samples: part.of },
    },
    workgroups: Math.ceil(count / lanes),
  });
  return stripes > 1 ? y.sum(batchShape.length) : y.reshape([...batchShape, ...instanceShape]);
}

/** The kernel of {@link noiseSum}, for `engine.prepare`. */
export function noiseSumKernel(
  engine: Engine,
  noise: Noise,
  numbers: InstanceNumbers,
  perElement: boolean,
  functionOfNoise: string,
): Kernel {
  const { key, piece } = noiseBindings(engine, noise, numbers, firstOwn(noise));
  return engine.kernel(`noise sum:${key}:${perElement}:${functionOfNoise}`, () => [
    constants({ LANES: lanes }),
    { name: "noise/sum bindings", text: declarations(noise.given !== undefined) },
    piece,
    ...(noise.wgsl === "" ? [] : [noisePiece(noise, numbers.lawText)]),
    { name: "noise/sum terms", text: terms(noise, perElement, numbers.temperatureText("instance"), functionOfNoise) },
    { name: "imle/noise/sum.wgsl", text: sumText },
  ]);
}

const firstOwn = ({ given }: Noise): number => (given ? 4 : 3);

function declarations(given: boolean): string {
  return [
    "struct Uniforms {",
    "  random_place: vec4u, temperature: f32, scale: f32, temperature_start: u32, laws: u32, count: u32, size: u32,",
    "  samples: u32, first_sample: u32, all_samples: u32, stripe: u32, stripes: u32,",
    "}",
    "@group(0) @binding(0) var<uniform> uniforms: Uniforms;",
    "@group(0) @binding(1) var<storage, read_write> y: array<f32>;",
    "@group(0) @binding(2) var<storage, read> coefficients: array<f32>;",
    given ? "@group(0) @binding(3) var<storage, read> given: array<f32>;" : "",
  ].join("\n");
}

/** Four neighbours of a row of `size`, the last one again beyond its end. */
const row4 = (name: string, row: string): string => `{
  let base = (${row}) * uniforms.size;
  let last = uniforms.size - 1u;
  let i = min(vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  return vec4f(${name}[base + i.x], ${name}[base + i.y], ${name}[base + i.z], ${name}[base + i.w]);
}`;

function terms(noise: Noise, perElement: boolean, temperature: string, functionOfNoise: string): string {
  const place = "vec4u(q, sample, instance, uniforms.random_place.z), uniforms.random_place.xy";
  const drawn = noise.given
    ? row4("given", "instance * uniforms.all_samples + sample")
    : `{ return ${noise.wgsl === "" ? "vec4f()" : `noise4(${place})`}; }`;
  const coefficient = perElement
    ? row4("coefficients", "instance * uniforms.samples + s")
    : "{ return vec4f(coefficients[instance * uniforms.samples + s]); }";
  return [
    `fn temperature_of(instance: u32) -> f32 { return uniforms.temperature * ${temperature}; }`,
    `fn draw4(instance: u32, sample: u32, q: u32) -> vec4f ${drawn}`,
    `fn coefficient4(instance: u32, s: u32, q: u32) -> vec4f ${coefficient}`,
    `fn noise_function(x: vec4f, t: f32) -> vec4f { return ${functionOfNoise}; }`,
  ].join("\n");
}
