import { formatShape, formatValue, must } from "../error.js";
import { sizeOf } from "../shape.js";
import { record } from "../tape.js";
import type { Axes, Tensor } from "../tensor.js";
import { requireTensor, resolveAxes } from "./arguments.js";
import { resolveAxis } from "./axes.js";
import { sum } from "./reduce.js";
import { rowMajorStrides, stridedCopy } from "./strided-copy.js";

/**
 * The same elements in another shape, without a copy; one length may be −1 and is then worked out.
 *
 * @throws ImleError `shape` unless the number of elements stays the same
 */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  requireTensor("reshape", "x", x);
  const y = x.alias(resolveShape(x, shape));
  record({ label: "reshape", inputs: [x], outputs: [y], backward: ([dy]) => [dy!.alias(x.shape)] });
  return y;
}

/**
 * Permutes the axes: axis i of the result is axis `axes[i]` of x. Without `axes` it swaps the last two.
 *
 * @throws ImleError `shape` unless `axes` names every axis once
 */
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  requireTensor("transpose", "x", x);
  const rank = x.shape.length;
  const order = axes === undefined ? lastTwoSwapped(rank, x.shape) : permutation(rank, axes);
  const shape = order.map((axis) => x.shape[axis]!);
  const strides = rowMajorStrides(x.shape);
  const y = x.engine.output("transpose", shape, x.dtype);
  stridedCopy(
    "transpose",
    shape,
    { tensor: x, offset: 0, strides: order.map((axis) => strides[axis]!) },
    { tensor: y, offset: 0, strides: rowMajorStrides(shape) },
  );
  const inverse = order.map((_, axis) => order.indexOf(axis));
  record({ label: "transpose", inputs: [x], outputs: [y], backward: ([dy]) => [transpose(dy!, inverse)] });
  return y;
}

/**
 * A new axis of length 1 at `axis` of the result (negative from the end of the result), without a copy.
 *
 * @throws ImleError `shape` where the result has no such axis, or more than 6
 */
export function expandDims(x: Tensor, axis: number): Tensor {
  requireTensor("expandDims", "x", x);
  const place = resolveAxis("expandDims", [...x.shape, 1], axis);
  return reshape(x, [...x.shape.slice(0, place), 1, ...x.shape.slice(place)]);
}

/**
 * Without the named axes, which must have length 1 (all of that length by default), without a copy.
 *
 * @throws ImleError `shape` where a named axis is longer
 */
export function squeeze(x: Tensor, axis?: Axes): Tensor {
  requireTensor("squeeze", "x", x);
  const named = axis === undefined ? undefined : resolveAxes("squeeze", x.shape, axis);
  const long = named?.find((one) => x.shape[one] !== 1);
  must(
    long === undefined,
    "shape",
    () => `squeeze: a named axis must have length 1, got axis ${long} of shape ${formatShape(x.shape)}`,
    "Name axes of length 1, or use reshape.",
  );
  const shape = x.shape.filter((length, i) => (named ? !named.includes(i) : length !== 1));
  return reshape(x, shape);
}

/**
 * x repeated along new leading axes and along its axes of length 1, copied.
 *
 * @throws ImleError `shape` unless every axis of x, counted from the end, has length 1 or the length asked for
 */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  requireTensor("broadcastTo", "x", x);
  const added = Array.isArray(shape) ? shape.length - x.shape.length : -1;
  must(
    added >= 0 && x.shape.every((length, axis) => length === 1 || length === shape[added + axis]),
    "shape",
    () => `broadcastTo: the shape must be ${formatShape(x.shape)} with its 1s stretched, got ${formatValue(shape)}`,
    "Reshape x so that the axes to repeat have length 1.",
  );
  const own = rowMajorStrides(x.shape);
  const isRepeated = (axis: number): boolean => axis < added || x.shape[axis - added] !== shape[axis];
  const y = x.engine.output("broadcastTo", shape, x.dtype);
  stridedCopy(
    "broadcastTo",
    shape,
    { tensor: x, offset: 0, strides: shape.map((_, axis) => (isRepeated(axis) ? 0 : own[axis - added]!)) },
    { tensor: y, offset: 0, strides: rowMajorStrides(shape) },
  );
  const repeated = shape.map((_, axis) => axis).filter(isRepeated);
  record({
    label: "broadcastTo",
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => [reshape(repeated.length > 0 ? sum(dy!, repeated) : dy!, x.shape)],
  });
  return y;
}

/**
 * x repeated along its axes, the whole of it so many times one after the other (NumPy's `tile`); copied.
 *
 * @param repeats one an axis, whole numbers from 0
 * @throws ImleError `shape` unless there is one such number an axis
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  requireTensor("tile", "x", x);
  must(
    Array.isArray(repeats) &&
      repeats.length === x.shape.length &&
      repeats.every((times) => Number.isSafeInteger(times) && times >= 0),
    "shape",
    () =>
      `tile: repeats must be a whole number from 0 for each axis of ${formatShape(x.shape)}, ` +
      `got ${formatValue(repeats)}`,
    "Pass 1 for axes that stay as they are.",
  );
  const shape = x.shape.map((length, axis) => length * repeats[axis]!);
  x.engine.requireFit("tile", shape);
  return x.engine.scope(() => {
    let y = x;
    // The innermost axis first: what is copied again and again is then as small as can be.
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      const times = repeats[axis]!;
      if (times === 1) continue;
      const [outer, block] = [sizeOf(y.shape.slice(0, axis)), sizeOf(y.shape.slice(axis))];
      const repeated = broadcastTo(reshape(y, [outer, 1, block]), [outer, times, block]);
      y = reshape(repeated, [...y.shape.slice(0, axis), shape[axis]!, ...y.shape.slice(axis + 1)]);
    }
    return y === x ? reshape(x, x.shape) : y;
  });
}

function resolveShape(x: Tensor, shape: readonly number[]): readonly number[] {
  const open = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  const known = Array.isArray(shape) ? shape.filter((_, i) => i !== open) : [];
  must(
    Array.isArray(shape) && shape.length <= 6 && known.every((length) => Number.isSafeInteger(length) && length >= 0),
    "shape",
    () => `reshape: a shape must be up to 6 whole numbers from 0, one perhaps -1, got ${formatValue(shape)}`,
    "Pass the lengths of the axes, such as [2, -1].",
  );
  const product = sizeOf(known);
  const resolved = open < 0 ? [...shape] : shape.map((length, i) => (i === open ? x.size / product : length));
  must(
    open < 0 ? product === x.size : product > 0 && x.size % product === 0,
    "shape",
    () => `reshape: the shape must hold the ${x.size} elements of ${formatShape(x.shape)}, got ${formatShape(shape)}`,
    "Choose lengths whose product is the number of elements.",
  );
  return resolved;
}

function permutation(rank: number, axes: readonly number[]): number[] {
  const order = Array.isArray(axes) ? axes.map((axis) => (Number.isInteger(axis) && axis < 0 ? axis + rank : axis)) : [];
  const every = order.map((_, axis) => axis);
  must(
    order.length === rank && every.every((axis) => order.includes(axis)),
    "shape",
    () => `transpose: axes must name each of ${rank} axes once, got ${formatValue(axes)}`,
    "Pass a permutation of the axes, such as [0, 2, 1].",
  );
  return order;
}

function lastTwoSwapped(rank: number, shape: readonly number[]): number[] {
  must(
    rank >= 2,
    "shape",
    () => `transpose: without axes the tensor must have at least 2 axes, got shape ${formatShape(shape)}`,
    "Reshape it to a matrix first, such as [n, 1].",
  );
  const order = Array.from({ length: rank }, (_, axis) => axis);
  [order[rank - 2], order[rank - 1]] = [rank - 1, rank - 2];
  return order;
}
