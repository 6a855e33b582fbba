import type { Engine } from "../../engine/engine.js";
import { formatValue, must } from "../../engine/error.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Words4 } from "./philox.js";

/** Four neighbouring draws. */
export type Draws4 = [number, number, number, number];

/** The four draws for a counter (q, sample, instance, call) and a key (seed, stream), in float64. */
export type Draw4 = (counter: Readonly<Words4>, key: readonly [seed: number, stream: number]) => Draws4;

/** A law of noise: WGSL that turns a counter into four draws, and its CPU twin. One folder a noise. */
export interface Noise {
  /** Names the law with its parameters; two noises of one name have the same WGSL and table. */
  readonly name: string;
  /**
   * WGSL defining `fn noise4(counter: vec4u, key: vec2u) -> vec4f`: draws 4q … 4q+3 for counter = (q, sample, instance,
   * call) and key = (seed, stream). It may call `philox4` and `uniform_from` (`#import philox`) and, where there is a
   * table, `noise_table(block: u32, part: u32) -> f32`, its words in blocks of four, and
   * `noise_law(instance: u32) -> u32`, the law that an instance has (0 where there is one). Its own names begin with
   * `noise_`. Empty where nothing is drawn.
   */
  readonly wgsl: string;
  /** How many laws the table holds, of which each instance has one. By default 1. */
  readonly laws?: number;
  /** Read-only table of vec4f, uploaded once an engine. */
  readonly table?: Float32Array<ArrayBuffer>;
  /** The CPU twin of `noise4`, for the first law. */
  readonly draw4?: Draw4;
  /**
   * −d ln q(x)/dx of the law's density q, where it is known in closed form: a WGSL expression of `x: vec4f`, four draws.
   */
  readonly score?: string;
  /** ε itself, instead of a law: f32 [...batch, S, ...instance]. */
  readonly given?: Tensor;
}

/** A law that can also be drawn from by itself. */
export interface DrawableNoise extends Noise {
  /**
   * The noise by itself (τ = 1), from the next call of the engine's own stream: element i, in row-major order, is draw
   * i of sample 0 of instance 0.
   *
   * @returns f32 of that shape
   */
  sample(engine: Engine, shape: readonly number[]): Tensor;
}

/** @throws ImleError `value` unless it is a noise */
export function requireNoise(operation: string, noise: unknown): asserts noise is Noise {
  must(
    typeof (noise as Noise | null | undefined)?.wgsl === "string",
    "value",
    () => `${operation}: noise must be a noise, got ${formatValue(noise)}`,
    "Pass gumbel(), and call it.",
  );
}
