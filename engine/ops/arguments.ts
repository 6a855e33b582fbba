import type { TensorOptions } from "../engine.js";
import { formatShape, formatValue, must } from "../error.js";
import { sameShape } from "../shape.js";
import type { Axes, DType, Tensor } from "../tensor.js";
import { resolveAxis } from "./axes.js";

const dtypeFix = "Make the tensor with another { dtype }, or from another typed array.";

/** By structure, so that a tensor of a second copy of the library is told apart by its engine: a better message. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "storage" in value && "dtype" in value && "shape" in value;
}

/** Throws unless `value` is a tensor that is alive; with `dtypes`, of one of these. */
export function requireTensor(
  operation: string,
  name: string,
  value: unknown,
  dtypes?: readonly DType[],
): asserts value is Tensor {
  must(
    isTensor(value),
    "value",
    () => `${operation}: ${name} must be a tensor, got ${formatValue(value)}`,
    "Make one with engine.tensor(…).",
  );
  value.slice(operation);
  if (dtypes) requireDtype(operation, name, value, dtypes);
}

/** Throws unless the tensor's dtype is one of these. */
export function requireDtype(operation: string, name: string, tensor: Tensor, dtypes: readonly DType[]): void {
  must(
    dtypes.includes(tensor.dtype),
    "dtype",
    () => `${operation}: ${name} must be ${dtypes.join(" or ")}, got ${tensor.dtype}`,
    dtypeFix,
  );
}

/** Throws unless both are of one dtype. */
export function requireSameDtype(operation: string, a: Tensor, b: Tensor): void {
  must(
    a.dtype === b.dtype,
    "dtype",
    () => `${operation}: the tensors must be of one dtype, got ${a.dtype} and ${b.dtype}`,
    dtypeFix,
  );
}

/** Throws unless both have the same shape. */
export function requireSameShape(operation: string, names: string, a: Tensor, b: Tensor): void {
  must(
    sameShape(a.shape, b.shape),
    "shape",
    () => `${operation}: ${names} must have one shape, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    "Reshape one of them; here nothing is broadcast.",
  );
}

/** Throws unless `value` is a finite number that a tensor of this dtype can hold. */
export function requireNumber(
  operation: string,
  name: string,
  value: unknown,
  dtype: DType = "f32",
): asserts value is number {
  must(
    typeof value === "number" && Number.isFinite(Math.fround(value)),
    "value",
    () => `${operation}: ${name} must be a finite number, below 3.4e38, got ${formatValue(value)}`,
    "Check how it was computed.",
  );
  if (dtype === "f32") return;
  const low = dtype === "i32" ? -(2 ** 31) : 0;
  const high = dtype === "i32" ? 2 ** 31 - 1 : 2 ** 32 - 1;
  must(
    Number.isInteger(value) && value >= low && value <= high,
    "value",
    () => `${operation}: beside a ${dtype} tensor ${name} must be a whole number from ${low} to ${high}, got ${value}`,
    "Round it, or use an f32 tensor.",
  );
}

/** Throws unless `value` is one of the words that an option may be. */
export function requireChoice(operation: string, name: string, value: unknown, choices: readonly unknown[]): void {
  must(
    choices.includes(value),
    "value",
    () => `${operation}: ${name} must be ${choices.map(formatValue).join(" or ")}, got ${formatValue(value)}`,
    "Use one of these.",
  );
}

/**
 * The [vertical, horizontal] pair that `value` is, or stands for as one number; whole numbers from `least`, below 2¹⁶.
 */
export function requirePair(operation: string, name: string, value: unknown, least: number): readonly [number, number] {
  const both: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const isInRange = (one: unknown): boolean => Number.isInteger(one) && Number(one) >= least && Number(one) < 2 ** 16;
  must(
    both.length === 2 && both.every(isInRange),
    "value",
    () => `${operation}: ${name} must be a whole number from ${least}, or a pair of them, got ${formatValue(value)}`,
    "A pair is [vertical, horizontal].",
  );
  return both as unknown as readonly [number, number];
}

/** Whether it is an object of named things; no array, and no tensor. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isTensor(value);
}

/** Throws unless `options` is an object with no other keys than these: a misspelt option would do nothing. */
export function requireOptions(operation: string, options: unknown, names: readonly string[]): void {
  const keys = isRecord(options) ? Object.keys(options) : undefined;
  const unknown = keys?.find((key) => !names.includes(key));
  must(
    keys !== undefined && unknown === undefined,
    "value",
    () => `${operation}: options must be among ${names.join(", ")}, got ${keys ? unknown : formatValue(options)}`,
    keys ? "Correct the option's name, or leave it out." : `Pass an object such as { ${names[0]}: … }.`,
  );
}

/** Throws unless a tensor can have this shape, whatever its size. */
export function requireShape(operation: string, shape: readonly number[]): void {
  must(
    Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0),
    "shape",
    () => `${operation}: a shape must be an array of whole numbers from 0, got ${formatValue(shape)}`,
    "Pass the lengths of the axes, such as [2, 3].",
  );
  must(
    shape.length <= 6,
    "shape",
    () => `${operation}: a tensor must have at most 6 axes, got ${shape.length}`,
    "Merge axes with reshape.",
  );
}

/** Throws unless `dtype` is one that tensors have. */
export function requireDtypeName(operation: string, dtype: DType): void {
  must(
    dtype === "f32" || dtype === "i32" || dtype === "u32",
    "dtype",
    () => `${operation}: dtype must be f32, i32 or u32, got ${formatValue(dtype)}`,
    "Use one of these three.",
  );
}

/** Throws unless a tensor can have this dtype, and a gradient where it shall require one. */
export function requireDtypeOption(operation: string, dtype: DType, requiresGrad: boolean): void {
  requireDtypeName(operation, dtype);
  must(
    dtype === "f32" || !requiresGrad,
    "dtype",
    () => `${operation}: a tensor that requires a gradient must be f32, got ${dtype}`,
    "Leave requiresGrad out, or use f32.",
  );
}

/** GPUBufferUsage from COPY_SRC to QUERY_RESOLVE: all but those of buffers that are mapped, which have no other use. */
const furtherUsage = 0x3fc;

/** Throws unless `options` are those with which tensors are made, and `more` that the operation has beside them. */
export function requireTensorOptions(operation: string, options: TensorOptions, more: readonly string[] = []): void {
  requireOptions(operation, options, ["dtype", "requiresGrad", "label", "usage", ...more]);
  const { dtype = "f32", requiresGrad = false, label = "", usage = 0 } = options;
  requireDtypeName(operation, dtype);
  requireFlag(operation, "requiresGrad", requiresGrad);
  requireLabel(operation, label);
  must(
    typeof usage === "number" && usage >>> 0 === usage && (usage & ~furtherUsage) === 0,
    "value",
    () => `${operation}: usage must be bits of GPUBufferUsage that go with STORAGE, got ${formatValue(usage)}`,
    "Pass flags such as GPUBufferUsage.VERTEX; to map elements, copy them into a buffer of your own with copyTo.",
  );
}

/** Throws unless `label` is a text. */
export function requireLabel(operation: string, label: unknown): void {
  must(
    typeof label === "string",
    "value",
    () => `${operation}: label must be a text, got ${formatValue(label)}`,
    "Leave it out, or pass what errors should call the tensor.",
  );
}

/** Throws unless `value` is true or false. */
export function requireFlag(operation: string, name: string, value: unknown): void {
  must(
    typeof value === "boolean",
    "value",
    () => `${operation}: ${name} must be true or false, got ${formatValue(value)}`,
    "Pass one of these, or leave it out.",
  );
}

/**
 * The named axes from 0, ascending; all of them where none is named.
 * @throws ImleError `shape` where one is named twice
 */
export function resolveAxes(operation: string, shape: readonly number[], axes: Axes | undefined): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list: readonly number[] = Array.isArray(axes) ? axes : [axes as number];
  const resolved = list.map((axis) => resolveAxis(operation, shape, axis)).sort((a, b) => a - b);
  must(
    new Set(resolved).size === resolved.length,
    "shape",
    () => `${operation}: each axis must be named once, got ${formatValue(list)}`,
    "Name each axis once.",
  );
  return resolved;
}

/**
 * The shape that shapes broadcast to, aligned at the end, lengths of 1 stretched.
 * @throws ImleError `shape` where they do not fit
 */
export function broadcastShapes(operation: string, shapes: readonly (readonly number[])[]): readonly number[] {
  const [first, second] = shapes;
  if (shapes.length === 1 || (shapes.length === 2 && sameShape(first!, second!))) return first!;
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const added = rank - shape.length;
    shape.forEach((length, axis) => {
      if (length === 1) return;
      must(
        result[added + axis] === 1 || result[added + axis] === length,
        "shape",
        () => `${operation}: axes from the end must be equal or 1, got ${shapes.map(formatShape).join(" and ")}`,
        "Reshape so that the axes to repeat have length 1.",
      );
      result[added + axis] = length;
    });
  }
  return result;
}
