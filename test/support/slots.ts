/** Arguments for calls that must be refused: for each place a value that fits, and arbitrary ones that do not. */

import fc from "fast-check";
import { type DType, type Engine, Tensor } from "webgpu-imle";

/** One place of a call. */
export interface Slot {
  readonly good: unknown;
  readonly wrong: fc.Arbitrary<unknown>;
}

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    NaN,
    Infinity,
    -Infinity,
    -1,
    0.5,
    -1.5,
    1e39,
    2 ** 53,
    7,
    true,
    false,
    "",
    "text",
    "1",
    1n,
    -0,
    Symbol("symbol"),
    () => 0,
    class {},
    {},
    [],
    [1],
    [-1],
    [0.5],
    ["a"],
    [[1]],
    [null],
    [NaN],
    new Date(0),
    new Map(),
    Object.create(null),
    new Uint8Array(4),
    new Float32Array(3),
    new ArrayBuffer(8),
    { shape: [2, 3], dtype: "f32" },
    { valueOf: () => 1 },
    [0, 0],
    [1, 1, 1, 1, 1, 1, 1],
    Promise.resolve(1),
    /x/,
    new Error("an error"),
  ),
  fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true }),
  fc.double(),
  fc.integer(),
  fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 8 }),
);

/** A place that takes what `accepts` says; `more` are further values worth trying. */
export function slot(good: unknown, accepts: (value: unknown) => boolean, more: readonly unknown[] = []): Slot {
  const all = more.length > 0 ? fc.oneof(junk, fc.constantFrom(...more)) : junk;
  return { good, wrong: all.filter((value) => !accepts(value)) };
}

/** A place for numbers. */
export const numbers = (good: number | undefined, accepts: (value: number) => boolean): Slot =>
  slot(good, (value) => (good === undefined && value === undefined) || (typeof value === "number" && accepts(value)));

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
export const isSizes = (value: unknown, length: number): boolean =>
  Array.isArray(value) && value.length === length && value.every(isWhole);
export const isF32 = (value: number): boolean => Number.isFinite(Math.fround(value));
export const isCount = (value: number): boolean => isWhole(value) && value >= 1;

/** A place that may be left out. */
export const optional = ({ good, wrong }: Slot): Slot => ({
  good,
  wrong: wrong.filter((value) => value !== undefined),
});

/** One word of several, or left out. */
export const choice = (...words: readonly unknown[]): Slot =>
  slot(words[0], (value) => value === undefined || words.includes(value));

export const flag = choice(true, false);

/** An axis of a tensor of this rank, or several where they may be. */
export function axis(rank: number, { several = false, needed = false } = {}): Slot {
  const isAxis = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= -rank && Number(value) < rank;
  const place = (value: unknown): number => (Number(value) + rank) % rank;
  const accepts = (value: unknown): boolean => {
    if (value === undefined) return !needed;
    if (!Array.isArray(value)) return isAxis(value);
    return several && value.every(isAxis) && new Set(value.map(place)).size === value.length;
  };
  return slot(rank - 1, accepts, [rank, -rank - 1, [0, 0], [0, -rank]]);
}

/** A pair of whole numbers, one for both, or none. */
export function pair(good: unknown, least: number): Slot {
  const isLength = (value: unknown): boolean => isWhole(value) && value >= least && value < 2 ** 16;
  return slot(good, (value) => {
    return value === undefined || isLength(value) || (isSizes(value, 2) && (value as number[]).every(isLength));
  });
}

/** Options: an object that has no other keys than these; those named must be there. */
export function options(keys: Readonly<Record<string, Slot>>, ...needed: readonly string[]): Slot {
  const good = Object.fromEntries(Object.entries(keys).map(([name, { good }]) => [name, good]));
  const accepts = (value: unknown): boolean => {
    if (value === undefined) return needed.length === 0;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    return needed.length === 0 && Object.keys(value).length === 0;
  };
  const unknown = fc
    .string()
    .filter((key) => !(key in keys))
    .map((key) => ({ ...good, [key]: 1 }));
  const one = Object.entries(keys).map(([name, { wrong }]) =>
    wrong.filter((value) => value !== undefined || needed.includes(name)).map((value) => ({ ...good, [name]: value })),
  );
  return { good, wrong: fc.oneof(slot(good, accepts).wrong, unknown, ...one) };
}

/** Tensors to be used rightly and wrongly: of each dtype, of some shapes, disposed, and of another engine. */
export class TensorSlots {
  private readonly all: readonly Tensor[];
  private readonly foreign: readonly Tensor[];

  constructor(
    private readonly engine: Engine,
    other: Engine,
  ) {
    const disposed = engine.ones([2, 3]);
    disposed.dispose();
    const shapes = [
      [],
      [2],
      [3],
      [2, 3],
      [4, 5],
      [0, 3],
      [1, 2, 6],
      [1, 2, 6, 6],
      [3, 2, 3],
      [3, 2, 3, 3],
      [2, 1, 1, 1, 1, 3],
    ];
    this.all = [
      ...shapes.map((shape) => engine.ones(shape)),
      engine.ones([2, 3], { dtype: "i32" }),
      engine.ones([2, 3], { dtype: "u32" }),
      engine.ones([2], { dtype: "i32" }),
      disposed,
    ];
    this.foreign = [other.ones([2, 3]), other.ones([3, 2, 3, 3]), other.ones([2], { dtype: "i32" })];
  }

  /** The tensor of this shape and dtype. */
  get(shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.all.find((x) => this.isOwn(x) && x.dtype === dtype && `${x.shape}` === `${shape}`)!;
  }

  /** A place for tensors of these dtypes whose shape fits; `also` says what else is taken. */
  of(
    good: Tensor,
    dtypes: readonly DType[] = ["f32", "i32", "u32"],
    fits: (shape: readonly number[]) => boolean = () => true,
    also: (value: unknown) => boolean = () => false,
  ): Slot {
    const accepts = (value: unknown): boolean =>
      value instanceof Tensor ? this.isOwn(value) && dtypes.includes(value.dtype) && fits(value.shape) : also(value);
    return slot(good, accepts, this.all);
  }

  /** A place beside other tensors: those of another engine do not fit. */
  beside({ good, wrong }: Slot): Slot {
    return { good, wrong: fc.oneof(wrong, fc.constantFrom(...this.foreign)) };
  }

  private isOwn(x: Tensor): boolean {
    return x.engine === this.engine && !x.isDisposed;
  }
}

/** Whether a shape is the one given. */
export const exactly =
  (...shape: number[]) =>
  (found: readonly number[]): boolean =>
    `${found}` === `${shape}` && found.length === shape.length;

/** Whether a shape broadcasts with the one given, to at most six axes. */
export const broadcasts =
  (...shape: number[]) =>
  (found: readonly number[]): boolean => {
    for (let i = 1; i <= Math.min(found.length, shape.length); i++) {
      const [a, b] = [found.at(-i)!, shape.at(-i)!];
      if (a !== b && a !== 1 && b !== 1) return false;
    }
    return true;
  };

/** Whether it is a shape that a tensor may have on some adapter: beyond 2⁴⁰ bytes on none. */
export const isShape = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 6 &&
  value.every(isWhole) &&
  value.reduce((product: number, length: number) => product * length, 4) <= 2 ** 40;
