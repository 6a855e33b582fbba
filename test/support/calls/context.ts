/** What the tables of calls share: tensors to call with, and places that many of them have. */

import * as library from "webgpu-imle";
import { type DType, type Engine, Tensor } from "webgpu-imle";
import {
  axis,
  broadcasts,
  choice,
  exactly,
  flag,
  isCount,
  isF32,
  isShape,
  isWhole,
  numbers,
  optional,
  type Slot,
  slot,
  TensorSlots,
} from "../slots.js";

/** A call with one argument a slot; each slot in turn gets wrong values, the others keep their good one. */
export interface Call {
  readonly slots: readonly Slot[];
  readonly run: (...values: never[]) => unknown;
}

export type Calls = Record<string, Call>;

/** A call of a function of the package. */
export function call(name: string, ...slots: Slot[]): Calls {
  return { [name]: { slots, run: (library as unknown as Record<string, Call["run"]>)[name]! } };
}

/** The same for several functions. */
export function calls(names: readonly string[], ...slots: Slot[]): Calls {
  return Object.assign({}, ...names.map((name) => call(name, ...slots)));
}

export const anyDtype: readonly DType[] = ["f32", "i32", "u32"];
export const atLeast0 = numbers(0.1, (value) => value >= 0 && isF32(value));
export const aboveZero = optional(numbers(1, (value) => value > 0 && isF32(value)));
export const finite = numbers(0.5, isF32);
export const low = optional(numbers(-1, (value) => value < 0.999 && value > -1e38));
export const high = optional(numbers(1, (value) => value > -0.999 && value < 1e38));
export const count = numbers(2, isCount);
export const probability = numbers(0.5, (value) => value >= 0 && value <= 1);
export const epsilon = optional(numbers(1e-5, (value) => value >= 1e-37 && value <= 1e37));
export const overAxes = [axis(2, { several: true }), flag] as const;
export const label = slot("label", (value) => value === undefined || typeof value === "string");

/** The dtypes of signed numbers. */
export const signed: readonly DType[] = ["f32", "i32"];

export const product = (value: unknown): number => (value as number[]).reduce((a, b) => a * b, 1);
export const streamFrom = (least: number): Slot =>
  slot(1, (value) => value === undefined || (isWhole(value) && value >= least && value < 2 ** 16));

/** Options with which tensors are made; those that require a gradient must be f32. */
export const tensorOptions = {
  dtype: choice("f32"),
  requiresGrad: flag,
  label,
  usage: slot(0, (value) => value === undefined || (isWhole(value) && value < 2 ** 31)),
};
export const shape = slot([2, 3], isShape, [[2 ** 45], [1, 1, 1, 1, 1, 1, 1], [-1, 2], [2, 2.5], "23"]);

/** Tensors, and places for tensors, of one engine. */
export class Context {
  readonly tensors: TensorSlots;
  /** [2, 3], f32. */
  readonly matrix: Tensor;
  /** [2, 3], f32, requires a gradient. */
  readonly leaf: Tensor;
  readonly image: Tensor;
  readonly sequence: Tensor;
  /** [2], i32. */
  readonly indices: Tensor;
  readonly f32: Slot;
  readonly any: Slot;
  /** A solver of vectors. */
  readonly solver: Slot;
  /** Per-instance inputs of that solver, which has none. */
  readonly noInputs: Slot;

  constructor(
    readonly engine: Engine,
    other: Engine,
  ) {
    this.tensors = new TensorSlots(engine, other);
    this.matrix = this.tensors.get([2, 3]);
    this.image = this.tensors.get([1, 2, 6, 6]);
    this.sequence = this.tensors.get([1, 2, 6]);
    this.indices = this.tensors.get([2], "i32");
    this.leaf = engine.ones([2, 3], { requiresGrad: true });
    this.f32 = this.tensors.of(this.matrix, ["f32"]);
    this.any = this.tensors.of(this.matrix);
    const solver = library.topK(1);
    const others = [library.topK, library.normal(), library.pid(), { name: "x" }];
    this.solver = slot(solver, (value) => value === solver, others);
    const isEmpty = (value: unknown): boolean =>
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
    this.noInputs = slot(undefined, (value) => value === undefined || isEmpty(value));
  }

  /** The matrix, or another tensor of these dtypes whose shape fits. */
  like(dtypes: readonly DType[], fits: (shape: readonly number[]) => boolean): Slot {
    return this.tensors.of(this.matrix, dtypes, fits);
  }

  /** A matrix, or what has more axes. */
  ofTwoAxes(dtypes: readonly DType[] = anyDtype): Slot {
    return this.like(dtypes, (found) => found.length >= 2);
  }

  /** A number, or a tensor that broadcasts with the matrix. */
  operand(): Slot {
    const isNumber = (value: unknown): boolean => typeof value === "number" && isF32(value);
    return this.tensors.beside(this.tensors.of(this.matrix, ["f32"], broadcasts(2, 3), isNumber));
  }

  /** A vector of this length, or none. */
  vector(length: number): Slot {
    const isNone = (value: unknown): boolean => value === undefined;
    return this.tensors.beside(this.tensors.of(this.tensors.get([length]), ["f32"], exactly(length), isNone));
  }
}
