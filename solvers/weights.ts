import type { Piece } from "../engine/compose.js";
import type { ImleErrorCode } from "../engine/error.js";
import type { UniformValue } from "../engine/kernel.js";
import type { Tensor } from "../engine/tensor.js";

/** Read-only vec4f that all invocations read at places of their own. */
export interface Table {
  readonly tensor: Tensor;
  /**
   * Bound as `var<uniform>`, or as storage. A processor gathers from uniforms 1.5 times as fast (lavapipe); a GPU's
   * constant memory wants all invocations at one place.
   */
  readonly asUniform: boolean;
}

/** The WGSL that binds a table as `name: array<vec4f>`. */
export function declareTable(binding: number, name: string, { tensor, asUniform }: Table): string {
  const [space, type] = asUniform ? ["uniform", `array<vec4f, ${tensor.size / 4}>`] : ["storage, read", "array<vec4f>"];
  return `@group(0) @binding(${binding}) var<${space}> ${name}: ${type};`;
}

/** What a code reported by a source means. */
export interface SourceReport {
  readonly code: ImleErrorCode;
  /** What must hold, as in `θ must be finite`. */
  readonly must: string;
  readonly fix: string;
}

/**
 * What a weight is, for one call of a solver. The solver's own text does not change with it.
 *
 * `pieces` define `fn source4(q: u32) -> vec4f`: weights 4q … 4q+3 of the instance `at_instance` and sample
 * `at_sample`, read by `theta4(q)` and by `load4_NAME(row, q)` for each of `rows`.
 */
export interface WeightSource {
  /** Tells compositions apart: two sources of one key have the same pieces. */
  readonly key: string;
  readonly pieces: () => readonly Piece[];
  /**
   * Whether `pieces` define a `base4(q)`, which `source4` reads as `held4(q)`: the part of a weight without the draw,
   * `steady` where it is the same for all samples of an instance, else `changing`.
   */
  readonly base: "none" | "steady" | "changing";
  /** Further tensors whose last axes are the instance, read four at a time as `load4_NAME(row, q)`. */
  readonly rows: Readonly<Record<string, Tensor>>;
  /** Tables, read as `NAME[i]`. */
  readonly tables: Readonly<Record<string, Table>>;
  /** Words of 32 bits, read as `NAME[i]`, an u32. */
  readonly words: Readonly<Record<string, Tensor>>;
  /** Meanings of `report_source(code)`, codes 1 to 255; where there are none, there is no such function. */
  readonly reports?: Readonly<Record<number, SourceReport>>;
  /** Fields of `uniforms`, and what is in them. */
  readonly uniforms: Readonly<Record<string, { readonly type: "u32" | "f32" | "vec4u"; readonly value: UniformValue }>>;
}

/** Weights as they are. */
export const plainWeights: WeightSource = {
  key: "plain",
  base: "none",
  pieces: () => [{ name: "solvers/plain-weights", text: "fn source4(q: u32) -> vec4f { return theta4(q); }" }],
  rows: {},
  tables: {},
  words: {},
  uniforms: {},
};
