import type { Tensor } from "../../engine/tensor.js";

/** A law of noise: WGSL that turns a counter into four draws, and its CPU twin. One folder a noise. */
export interface Noise {
  /** Names the law with its parameters; two noises of one name have the same WGSL and table. */
  readonly name: string;
  /**
   * WGSL defining `fn noise4(counter: vec4u, key: vec2u) -> vec4f`: draws 4q … 4q+3 for counter = (q, sample, instance,
   * call) and key = (seed, stream). It may call `philox4` and `uniform_from` (`#import philox`) and, where there is a
   * table, `noise_table(i: u32) -> vec4f`. Its own names begin with `noise_`. Empty where nothing is drawn.
   */
  readonly wgsl: string;
  /** Read-only table of vec4f, uploaded once an engine. */
  readonly table?: Float32Array<ArrayBuffer>;
  /** ε itself, instead of a law: f32 [...batch, S, ...instance]. */
  readonly given?: Tensor;
}
