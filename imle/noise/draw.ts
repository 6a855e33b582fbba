import type { Piece } from "../../engine/compose.js";
import type { Engine } from "../../engine/engine.js";
import { must } from "../../engine/error.js";
import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";
import { declareTable, type Table } from "../../solvers/weights.js";
import drawText from "./draw.wgsl";
import type { Noise } from "./noise.js";

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

const uniformUsage = 0x40;
const textNumbers = new Map<string, number>();

/** Tells compositions apart: laws that differ by their tables alone share their kernels. */
export function noiseKey(noise: Noise): string {
  const number = textNumbers.get(noise.wgsl) ?? textNumbers.size;
  textNumbers.set(noise.wgsl, number);
  return `noise ${number} (${noise.table ? noise.table.length / 4 : noise.given ? "given" : "no"} rows)`;
}

/**
 * The noise that a perturbed solver sees at `place`, as a tensor: with `givenNoise` it gives the same states again.
 *
 * @param shape [instances, samples, size]
 * @param first the instance and the sample to begin at; by default 0 and 0
 * @returns f32 of that shape
 */
export function drawNoise(
  engine: Engine,
  noise: Noise,
  shape: readonly [instances: number, samples: number, size: number],
  place: RandomPlace,
  first: { readonly instance: number; readonly sample: number } = { instance: 0, sample: 0 },
): Tensor {
  const [instances, samples, size] = shape;
  const y = engine.output("drawNoise", shape);
  const from = { first_instance: first.instance, first_sample: first.sample };
  draw(noise, y, { ...from, samples, size, rows: instances * samples }, place);
  return y;
}

/** What `noise.sample` does: draws from the next call of the engine's own stream, all of one row. */
export function sampleNoise(engine: Engine, noise: Noise, shape: readonly number[]): Tensor {
  const y = engine.output("sample", shape);
  draw(noise, y, { first_instance: 0, first_sample: 0, samples: 1, size: y.size, rows: 1 }, engine.random.next(0));
  return y;
}

function draw(
  noise: Noise,
  y: Tensor,
  counts: Readonly<Record<"first_instance" | "first_sample" | "samples" | "size" | "rows", number>>,
  place: RandomPlace,
): void {
  const { engine } = y;
  must(
    (noise.laws ?? 1) === 1,
    "value",
    () => `drawNoise: a noise must have one law, got ${noise.name}`,
    "Draw from each of its laws by itself.",
  );
  const table = noiseTable(engine, noise);
  const kernel = engine.kernel(`draw:${noiseKey(noise)}:${table?.asUniform}`, () => [
    ...(table ? [{ name: "noise/table", text: declareTable(2, "noise_values", table) }] : []),
    noisePiece(noise, "0u"),
    { name: "imle/noise/draw.wgsl", text: drawText },
  ]);
  engine.dispatch({
    kernel,
    buffers: { y: y.slice("drawNoise"), ...(table && { noise_values: table.tensor.slice("drawNoise") }) },
    uniforms: { random_place: [place.seed, place.stream, place.call, 0], ...counts },
    workgroups: Math.ceil((counts.rows * Math.ceil(counts.size / 4)) / 64),
  });
}
