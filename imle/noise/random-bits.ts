import type { Engine } from "../../engine/engine.js";
import { formatValue, must } from "../../engine/error.js";
import { requireEngine } from "../../engine/nn/arguments.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import type { Tensor } from "../../engine/tensor.js";
import randomBitsText from "../../kernels/random-bits.wgsl";

/** Where in Philox's sequence the bits are taken from: whole numbers from 0 to 2³² − 1. */
export interface RandomBitsOptions {
  /** Which sequence. */
  readonly key: readonly [number, number];
  /** Where in it the first block lies. */
  readonly counter: readonly [number, number, number, number];
}

/**
 * The words of Philox4x32-10 themselves, a pure function of key and counter; nothing of the engine's own state is used.
 * Element i, in row-major order, is word i mod 4 of the block whose counter is `counter` with ⌊i/4⌋ added to its first
 * word (mod 2³²).
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * @returns u32 of that shape
 */
export function randomBits(engine: Engine, shape: readonly number[], options: RandomBitsOptions): Tensor {
  requireEngine("randomBits", engine);
  requireOptions("randomBits", options, ["key", "counter"]);
  const key = words("key", options.key, 2);
  const counter = words("counter", options.counter, 4);
  const y = engine.output("randomBits", shape, "u32");
  engine.dispatch({
    kernel: engine.kernel("randomBits", () => [{ name: "kernels/random-bits.wgsl", text: randomBitsText }]),
    buffers: { y: y.slice("randomBits") },
    uniforms: { counter, key: [...key, 0, 0], count: y.size },
    workgroups: Math.ceil(y.size / 256),
  });
  return y;
}

function words(name: string, value: unknown, length: number): readonly number[] {
  const whole = (word: unknown): boolean => Number.isInteger(word) && Number(word) >= 0 && Number(word) < 2 ** 32;
  must(
    Array.isArray(value) && value.length === length && value.every(whole),
    "value",
    () => `randomBits: ${name} must be ${length} whole numbers from 0 to 2³² − 1, got ${formatValue(value)}`,
    "Pass such numbers; x >>> 0 makes one of any number.",
  );
  return value;
}
