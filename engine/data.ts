import { formatShape, formatValue, must } from "./error.js";
import { requireDtypeName } from "./ops/arguments.js";
import { sizeOf } from "./shape.js";
import type { DType, TypedArrayOf } from "./tensor.js";

/** A number, or arrays of such, nested evenly. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** What the elements of each dtype are on the host. */
export const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
const limits = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

export function isTypedArray(data: unknown): data is ArrayBufferView {
  return ArrayBuffer.isView(data) && !(data instanceof DataView);
}

/** The dtype that a typed array becomes: the two floats f32, the 32-bit integers themselves. */
export function typedArrayDtype(data: ArrayBufferView): DType {
  if (data instanceof Float32Array || data instanceof Float64Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint32Array) return "u32";
  must(
    false,
    "dtype",
    () => `tensor: data must be a Float32Array, Float64Array, Int32Array or Uint32Array, got ${formatValue(data)}`,
    "Convert it, or give the dtype: { dtype: \"f32\" }.",
  );
}

/** Flat elements and the shape of what a caller gave as a tensor's data. */
export function flattenNested(
  operation: string,
  data: unknown,
  dtype: DType,
  shape: readonly number[] | undefined,
): { values: TypedArrayOf[DType]; shape: readonly number[] } {
  requireDtypeName(operation, dtype);
  must(
    !(data instanceof BigInt64Array || data instanceof BigUint64Array),
    "dtype",
    () => `${operation}: data must be numbers of at most 32 bits, got ${formatValue(data)}`,
    "Convert it, such as with Int32Array.from(data, Number).",
  );
  const nested = isTypedArray(data)
    ? { flat: data as unknown as ArrayLike<number>, shape: [(data as unknown as ArrayLike<number>).length] }
    : flatten(operation, data);
  const size = shape && sizeOf(shape);
  must(
    size === undefined || size === nested.flat.length,
    "shape",
    () => `${operation}: shape ${formatShape(shape!)} must hold ${size} numbers, got ${nested.flat.length}`,
    "Correct the shape, or pass as many numbers as it has.",
  );
  if (dtype !== "f32") checkWhole(operation, nested.flat, dtype);
  const same = nested.flat instanceof arrays[dtype];
  const values = (same ? nested.flat : arrays[dtype].from(nested.flat)) as TypedArrayOf[DType];
  return { values, shape: shape ?? nested.shape };
}

function flatten(operation: string, data: unknown): { flat: number[]; shape: number[] } {
  const shape: number[] = [];
  // Not deeper than a tensor can be: an array may hold itself.
  for (let level = data; Array.isArray(level) && shape.length <= 6; level = level[0]) shape.push(level.length);
  const flat: number[] = [];
  const walk = (value: unknown, depth: number): void => {
    if (depth === shape.length) {
      must(
        typeof value === "number",
        "value",
        () => `${operation}: data must be numbers in evenly nested arrays, got ${formatValue(value)}`,
        "Give every row the same length, and numbers as elements.",
      );
      flat.push(value);
      return;
    }
    must(
      Array.isArray(value) && value.length === shape[depth],
      "shape",
      () => `${operation}: all rows of axis ${depth} must have ${shape[depth]} elements, got ${formatValue(value)}`,
      "Give every row the same length.",
    );
    for (const item of value) walk(item, depth + 1);
  };
  walk(data, 0);
  return { flat, shape };
}

function checkWhole(operation: string, values: ArrayLike<number>, dtype: "i32" | "u32"): void {
  const [low, high] = limits[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    must(
      Number.isInteger(value) && value >= low && value <= high,
      "value",
      () => `${operation}: elements of a ${dtype} tensor must be whole numbers from ${low} to ${high}, got ${value}`,
      "Round them, or use f32.",
    );
  }
}
