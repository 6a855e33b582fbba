import type { Slice } from "../../engine/commands.js";
import { constants, type Piece } from "../../engine/compose.js";
import type { Engine } from "../../engine/engine.js";
import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireEngine } from "../../engine/nn/arguments.js";
import { requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";
import { declareTable, type Table } from "../../solvers/weights.js";
import { type InstanceNumbers, instanceNumbers } from "../instance-numbers.js";
import drawText from "./draw.wgsl";
import { type Noise, requireNoise } from "./noise.js";
import { requirePlace } from "./place.js";

/**
 * The WGSL of a noise, with the access to its table; the table itself is bound as `noise_values: array<vec4f>`.
 *
 * @param law WGSL for the number of the law that `instance: u32` has
 */
export function noisePiece(noise: Noise, law: string): Piece {
  const access = [
    "fn noise_table(block: u32, part: u32) -> f32 { return noise_values[block][part]; }",
    `fn noise_law(instance: u32) -> u32 { return ${law}; }`,
  ];
  return { name: `noise ${noise.name}`, text: [...(noise.table ? access : []), noise.wgsl].join("\n") };
}

/** A noise's table on the device, uploaded once an engine; null where it has none. */
export function noiseTable(engine: Engine, noise: Noise): Table | null {
  const { table } = noise;
  if (!table) return null;
  const tensor = engine.cache(table, () => engine.tensor(table, { usage: uniformUsage }));
  return { tensor, asUniform: engine.software && table.byteLength <= engine.device.limits.maxUniformBufferBindingSize };
}

const lanes = 64;
const uniformUsage = 0x40;
const textNumbers = new Map<string, number>();

/** Tells compositions apart: laws that differ by their tables alone share their kernels. */
export function noiseKey(noise: Noise): string {
  const number = textNumbers.get(noise.wgsl) ?? textNumbers.size;
  textNumbers.set(noise.wgsl, number);
  return `noise ${number} (${noise.table ? noise.table.length / 4 : noise.given ? "given" : "no"} rows)`;
}

/** What {@link drawNoise} may be told besides. */
export interface DrawOptions {
  /** The instance and the sample to begin at. By default 0 and 0. */
  readonly first?: {
    /** Row of the batch, from 0. */
    readonly instance: number;
    /** From 0. */
    readonly sample: number;
  };
  /** For a noise of several laws: which one each instance has, u32 [...batch], from the batch's first instance on. */
  readonly law?: Tensor;
}

/**
 * The noise that a perturbed solver sees at `place`, as a tensor: with `givenNoise` it gives the same states again.
 *
 * @param shape [instances, samples, size]
 * @returns f32 of that shape
 * @throws ImleError where the laws do not fit the noise, or the instances
 */
export function drawNoise(
  engine: Engine,
  noise: Noise,
  shape: readonly [instances: number, samples: number, size: number],
  place: RandomPlace,
  options: DrawOptions = {},
): Tensor {
  requireEngine("drawNoise", engine);
  requireNoise("drawNoise", noise);
  const isWord = (count: unknown): boolean => Number.isInteger(count) && Number(count) >= 0 && Number(count) < 2 ** 32;
  must(
    Array.isArray(shape) && shape.length === 3 && shape.every(isWord),
    "shape",
    () => `drawNoise: the shape must be [instances, samples, size], got ${formatValue(shape)}`,
    "Pass three whole numbers from 0.",
  );
  requirePlace("drawNoise", place);
  requireOptions("drawNoise", options, ["first", "law"]);
  const [instances, samples, size] = shape;
  const { first = { instance: 0, sample: 0 }, law } = options;
  requireOptions("drawNoise: first", first, ["instance", "sample"]);
  must(
    isWord(first.instance) && isWord(first.sample),
    "value",
    () => `drawNoise: first must be { instance, sample }, whole numbers from 0, got ${formatValue(first)}`,
    "Leave it out to begin at 0 and 0.",
  );
  if (law !== undefined) requireTensor("drawNoise", "law", law, ["u32"]);
  const numbers = instanceNumbers("drawNoise", engine, law?.shape ?? [], noise, law ? { law } : {});
  const last = first.instance + instances;
  must(
    law === undefined || law.size >= last,
    "shape",
    () => `drawNoise: law must have a number for each of ${last} instances, got ${formatShape(law!.shape)}`,
    "Give it the batch axes of the weights.",
  );
  const y = engine.output("drawNoise", shape);
  const from = { first_instance: first.instance, first_sample: first.sample };
  draw(noise, numbers, y, { ...from, samples, size, rows: instances * samples }, place);
  return y;
}

/** What `noise.sample` does: draws from the next call of the engine's own stream, all of one row. */
export function sampleNoise(engine: Engine, noise: Noise, shape: readonly number[]): Tensor {
  const numbers = instanceNumbers("sample", engine, [], noise, {});
  const y = engine.output("sample", shape);
  const counts = { first_instance: 0, first_sample: 0, samples: 1, size: y.size, rows: 1 };
  draw(noise, numbers, y, counts, engine.random.next(0));
  return y;
}

function draw(
  noise: Noise,
  own: InstanceNumbers,
  y: Tensor,
  counts: Readonly<Record<"first_instance" | "first_sample" | "samples" | "size" | "rows", number>>,
  place: RandomPlace,
): void {
  const { engine } = y;
  const bound = noiseBindings(engine, noise, own, 2);
  const kernel = engine.kernel(`draw:${bound.key}`, () => [
    constants({ LANES: lanes }),
    bound.piece,
    noisePiece(noise, own.lawText),
    { name: "imle/noise/draw.wgsl", text: drawText },
  ]);
  const { rows, ...places } = counts;
  const count = rows * Math.ceil(counts.size / 4);
  engine.dispatch({
    kernel,
    buffers: { y: y.slice("drawNoise"), ...bound.buffers },
    uniforms: { random_place: [place.seed, place.stream, place.call, 0], laws: own.uniforms.laws, count, ...places },
    workgroups: Math.ceil(count / lanes),
  });
}

/** The bindings of a noise's table and of what instances have of their own, in a kernel that is no solver. */
export function noiseBindings(
  engine: Engine,
  noise: Noise,
  numbers: InstanceNumbers,
  firstBinding: number,
): { readonly key: string; readonly piece: Piece; readonly buffers: Record<string, Slice> } {
  const table = noiseTable(engine, noise);
  const words = numbers.words["instance_words"];
  const lines: string[] = [];
  const buffers: Record<string, Slice> = {};
  if (table) {
    lines.push(declareTable(firstBinding, "noise_values", table));
    buffers["noise_values"] = table.tensor.slice("noise");
  }
  if (words) {
    const binding = firstBinding + lines.length;
    lines.push(`@group(0) @binding(${binding}) var<storage, read> instance_words: array<u32>;`);
    buffers["instance_words"] = words.slice("law");
  }
  const key = [noiseKey(noise), table?.asUniform, numbers.key].join(":");
  return { key, piece: { name: "noise/bindings", text: lines.join("\n") }, buffers };
}
