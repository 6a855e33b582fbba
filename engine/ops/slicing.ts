import { formatShape, formatValue, must } from "../error.js";
import { sameShape } from "../shape.js";
import { record } from "../tape.js";
import type { Axes, Tensor } from "../tensor.js";
import { requireOptions, requireSameDtype, requireTensor, resolveAxes } from "./arguments.js";
import { resolveAxis } from "./axes.js";
import { expandDims, reshape } from "./shape.js";
import { rowMajorStrides, stridedCopy } from "./strided-copy.js";

/**
 * What `slice` takes of one axis: one index (the axis then goes), or every `step`-th index from `start` up to, not
 * including, `end`. Both count from the end where negative. null and `{}` take all.
 */
export type SliceRange = number | null | { readonly start?: number; readonly end?: number; readonly step?: number };

/** A box inside a tensor, in elements. */
interface Box {
  readonly offset: number;
  readonly strides: readonly number[];
  readonly shape: readonly number[];
}

/**
 * A box cut out of x, copied.
 *
 * @param ranges one a leading axis; axes without one are taken whole
 * @example slice(x, [0, { start: 1, end: -1 }, { step: 2 }]); // x[0, 1:-1, ::2] in NumPy's notation
 * @throws ImleError `value` where an index lies outside of its axis, `end` before `start`, or `step` below 1
 */
export function slice(x: Tensor, ranges: readonly SliceRange[]): Tensor {
  requireTensor("slice", "x", x);
  must(
    Array.isArray(ranges) && ranges.length <= x.shape.length,
    "shape",
    () => `slice: ranges must be an array of up to ${x.shape.length} entries, one an axis, got ${formatValue(ranges)}`,
    "Pass an index, { start, end, step } or null for each axis.",
  );
  const own = rowMajorStrides(x.shape);
  const cuts = x.shape.map((length, axis) => resolveRange(axis, length, ranges[axis] ?? null));
  const y = take("slice", x, {
    offset: cuts.reduce((sum, cut, axis) => sum + cut.start * own[axis]!, 0),
    strides: cuts.map((cut, axis) => cut.step * own[axis]!),
    shape: cuts.map((cut) => cut.count),
  });
  const isPoint = ranges.map((range) => typeof range === "number");
  if (!isPoint.includes(true)) return y;
  const shape = y.shape.filter((_, axis) => !isPoint[axis]);
  return reshape(y, shape);
}

/**
 * x in parts along an axis: so many equal ones, or one for each of the given lengths, copied.
 *
 * @throws ImleError `shape` unless the parts fill the axis
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  requireTensor("split", "x", x);
  const along = resolveAxis("split", x.shape, axis);
  const length = x.shape[along]!;
  const lengths =
    typeof parts === "number" && Number.isInteger(parts) && parts > 0 && length % parts === 0
      ? Array.from({ length: parts }, () => length / parts)
      : Array.isArray(parts)
        ? (parts as readonly number[])
        : [];
  must(
    lengths.every((part) => Number.isInteger(part) && part >= 0) &&
      lengths.reduce((sum, part) => sum + part, 0) === length,
    "shape",
    () => `split: the parts must be whole and fill axis ${along} of ${formatShape(x.shape)}, got ${formatValue(parts)}`,
    "Give a number of parts that divides the axis, or lengths that add up to it.",
  );
  return x.engine.scope(() => {
    let start = 0;
    return lengths.map((part) => {
      const range = { start, end: (start += part) };
      return slice(x, [...Array.from({ length: along }, () => null), range]);
    });
  });
}

/** x with the order of the named axes (all by default) reversed, copied. */
export function flip(x: Tensor, axis?: Axes): Tensor {
  requireTensor("flip", "x", x);
  const flipped = resolveAxes("flip", x.shape, axis);
  const own = rowMajorStrides(x.shape);
  const last = flipped.reduce((sum, one) => sum + (x.shape[one]! - 1) * own[one]!, 0);
  return take("flip", x, {
    offset: last,
    strides: own.map((stride, one) => (flipped.includes(one) ? -stride : stride)),
    shape: x.shape,
  });
}

/**
 * x with `value` before and after it on each axis.
 *
 * @param widths for each axis how many elements to add before and after
 * @throws ImleError `shape` unless there is one pair of whole numbers from 0 an axis
 */
export function pad(x: Tensor, widths: readonly (readonly [before: number, after: number])[], value = 0): Tensor {
  requireTensor("pad", "x", x);
  must(
    Array.isArray(widths) &&
      widths.length === x.shape.length &&
      widths.every((pair) => pair?.length === 2 && pair.every((n: number) => Number.isInteger(n) && n >= 0)),
    "shape",
    () =>
      `pad: widths must be a pair [before, after] of whole numbers from 0 for each axis of ${formatShape(x.shape)}, ` +
      `got ${formatValue(widths)}`,
    "Pass [0, 0] for axes that stay as they are.",
  );
  const shape = x.shape.map((length, axis) => widths[axis]![0] + length + widths[axis]![1]);
  const y = x.engine.full(shape, value, { dtype: x.dtype });
  const strides = rowMajorStrides(shape);
  const offset = widths.reduce((sum, [before], axis) => sum + before * strides[axis]!, 0);
  const inside: Box = { offset, strides, shape: x.shape };
  place("pad", x, y, inside);
  record({ label: "pad", inputs: [x], outputs: [y], backward: ([dy]) => [take("pad", dy!, inside)] });
  return y;
}

/**
 * Tensors joined along an axis, in their order, copied.
 *
 * @throws ImleError `shape` unless all other axes are alike, `dtype` unless all dtypes are
 */
export function concatenate(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = requireSome("concatenate", tensors);
  const along = resolveAxis("concatenate", first.shape, axis);
  const without = (shape: readonly number[]): string => formatShape(shape.filter((_, i) => i !== along));
  for (const { shape } of tensors) {
    must(
      shape.length === first.shape.length && without(shape) === without(first.shape),
      "shape",
      () => `concatenate: all axes but ${along} must be as in ${formatShape(first.shape)}, got ${formatShape(shape)}`,
      "Reshape, slice or pad the tensors first.",
    );
  }
  const starts: number[] = [];
  let total = 0;
  for (const { shape } of tensors) {
    starts.push(total);
    total += shape[along]!;
  }
  const shape = first.shape.map((length, i) => (i === along ? total : length));
  const strides = rowMajorStrides(shape);
  const y = first.engine.output("concatenate", shape, first.dtype);
  const boxes = tensors.map((x, i) => ({ offset: starts[i]! * strides[along]!, strides, shape: x.shape }));
  tensors.forEach((x, i) => place("concatenate", x, y, boxes[i]!));
  record({
    label: "concatenate",
    inputs: tensors,
    outputs: [y],
    backward: ([dy]) => tensors.map((x, i) => (x.requiresGrad ? take("concatenate", dy!, boxes[i]!) : null)),
  });
  return y;
}

/**
 * Tensors of one shape joined along a new axis (negative from the end of the result), in their order, copied.
 *
 * @throws ImleError `shape` unless all shapes are alike, `dtype` unless all dtypes are
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = requireSome("stack", tensors);
  for (const { shape } of tensors) {
    must(
      sameShape(shape, first.shape),
      "shape",
      () => `stack: all tensors must have the shape ${formatShape(first.shape)}, got ${formatShape(shape)}`,
      "Reshape, slice or pad the tensors first.",
    );
  }
  const along = resolveAxis("stack", [...first.shape, 1], axis);
  return concatenate(
    tensors.map((x) => expandDims(x, along)),
    along,
  );
}

/** A box of x as a tensor of its own; the gradient goes back to the box, and is 0 elsewhere. */
function take(operation: string, x: Tensor, box: Box): Tensor {
  const y = x.engine.output(operation, box.shape, x.dtype);
  const whole = { tensor: y, offset: 0, strides: rowMajorStrides(box.shape) };
  stridedCopy(operation, box.shape, { tensor: x, offset: box.offset, strides: box.strides }, whole);
  const covers = y.size === x.size;
  record({
    label: operation,
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => {
      const dx = covers ? x.engine.output(operation, x.shape) : x.engine.zeros(x.shape);
      place(operation, dy!, dx, box);
      return [dx];
    },
  });
  return y;
}

/** Writes x into a box of y. */
function place(operation: string, x: Tensor, y: Tensor, box: Box): void {
  const whole = { tensor: x, offset: 0, strides: rowMajorStrides(x.shape) };
  stridedCopy(operation, x.shape, whole, { tensor: y, offset: box.offset, strides: box.strides });
}

function requireSome(operation: string, tensors: readonly Tensor[]): Tensor {
  must(
    Array.isArray(tensors) && tensors.length > 0,
    "value",
    () => `${operation}: the first argument must be an array of at least one tensor, got ${formatValue(tensors)}`,
    "Pass the tensors as an array.",
  );
  const [first] = tensors as [Tensor];
  for (const x of tensors) requireTensor(operation, "each input", x);
  first.engine.check(operation, tensors);
  for (const x of tensors) requireSameDtype(operation, first, x);
  return first;
}

function resolveRange(axis: number, length: number, range: SliceRange): { start: number; step: number; count: number } {
  if (typeof range === "number") {
    const index = range < 0 ? range + length : range;
    must(
      Number.isInteger(range) && index >= 0 && index < length,
      "value",
      () => `slice: index of axis ${axis} must be whole, ${-length} to ${length - 1}, got ${formatValue(range)}`,
      "Stay inside of the axis; negative indices count from the end.",
    );
    return { start: index, step: 1, count: 1 };
  }
  must(
    range === null || (typeof range === "object" && !Array.isArray(range)),
    "value",
    () => `slice: a range of axis ${axis} must be an index, { start, end, step } or null, got ${formatValue(range)}`,
    "Write { start: 1, end: 3 } for elements 1 and 2.",
  );
  if (range !== null) requireOptions("slice", range, ["start", "end", "step"]);
  const { start = 0, end = length, step = 1 } = range ?? {};
  const low = start < 0 ? start + length : start;
  const high = end < 0 ? end + length : end;
  const isInside = Number.isInteger(low) && Number.isInteger(high) && low >= 0 && low <= high && high <= length;
  must(
    isInside && Number.isInteger(step) && step >= 1,
    "value",
    () =>
      `slice: a range of axis ${axis} must have 0 <= start <= end <= ${length} and a step from 1, ` +
      `got start ${formatValue(start)}, end ${formatValue(end)}, step ${formatValue(step)}`,
    "Negative bounds count from the end; flip reverses an axis.",
  );
  return { start: low, step, count: Math.ceil((high - low) / step) };
}
