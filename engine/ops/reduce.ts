import { formatShape, formatValue, must } from "../error.js";
import { sameShape, sizeOf } from "../shape.js";
import { isRecorded, record } from "../tape.js";
import type { Axes, DType, Tensor } from "../tensor.js";
import { requireTensor, resolveAxes } from "./arguments.js";
import { fill } from "./create.js";
import { mapElements } from "./map.js";
import { type Block, reduceBlock, spreadBack } from "./reduction.js";

const all = ["f32", "i32", "u32"] as const;

/** Axes that are reduced together, being neighbours: the shape before as a block, and the one after, with their 1s. */
interface Step {
  readonly block: Block;
  readonly keptShape: readonly number[];
}

/**
 * Sum over `axis` (a number, several, or all); an empty sum is 0. Any dtype; i32 and u32 wrap around.
 * Additions are made in a fixed order, in short chains: the same bits every time on one adapter.
 *
 * @param keepDims keeps the axes with length 1
 */
export function sum(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  return reduceLinearly("sum", x, axis, keepDims);
}

/**
 * Mean over `axis` (a number, several, or all); f32.
 *
 * @param keepDims keeps the axes with length 1
 * @throws ImleError `shape` where there is nothing to average
 */
export function mean(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  return reduceLinearly("mean", x, axis, keepDims);
}

/**
 * Maximum over `axis` (a number, several, or all); any dtype. The gradient goes to the first of equal maxima.
 *
 * @param keepDims keeps the axes with length 1
 * @throws ImleError `shape` where there is nothing to choose from
 */
export function max(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  return reduceToExtreme("max", x, axis, keepDims);
}

/** Minimum over `axis`; as {@link max}. */
export function min(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  return reduceToExtreme("min", x, axis, keepDims);
}

/**
 * The place of the first maximum along one axis, or in the whole (flattened) tensor; i32, without a gradient.
 *
 * @throws ImleError `shape` where there is nothing to choose from
 */
export function argmax(x: Tensor, axis?: number, keepDims = false): Tensor {
  return placeOfExtreme("argmax", "max", x, axis, keepDims);
}

/** The place of the first minimum; as {@link argmax}. */
export function argmin(x: Tensor, axis?: number, keepDims = false): Tensor {
  return placeOfExtreme("argmin", "min", x, axis, keepDims);
}

function placeOfExtreme(
  name: "argmax" | "argmin",
  fold: "max" | "min",
  x: Tensor,
  axis: number | undefined,
  keepDims: boolean,
): Tensor {
  requireTensor(name, "x", x, all);
  must(
    !Array.isArray(axis),
    "shape",
    () => `${name}: axis must be one axis, or left out for the place in all elements, got ${formatValue(axis)}`,
    "Reshape x so that the axes are one.",
  );
  const { axes, shape } = resolveReduction(name, x, axis, keepDims);
  requireSome(name, x, axes);
  if (sizeOf(shape) === 0) return x.engine.output(name, shape, "i32");
  const block = blockOf(x.shape, axes);
  return x.engine.scope(() => {
    const extreme = reduceBlock(name, x, block, shape, { fold });
    const place = reduceBlock(name, x, block, shape, { fold: "first", equalTo: extreme });
    return mapElements(x.engine, {
      label: "place of an extreme",
      expression: "I(place)",
      dtype: "u32",
      resultDtype: "i32",
      operands: { place },
      shape,
    });
  });
}

/** x summed over the axes along which `shape` was broadcast to it: the way back for gradients. Not recorded. */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const added = x.shape.length - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis < added || shape[axis - added] !== x.shape[axis]);
  return foldSteps("sum", x, axes, shape, 1);
}

function reduceLinearly(name: "sum" | "mean", x: Tensor, axis: Axes | undefined, keepDims: boolean): Tensor {
  requireTensor(name, "x", x, name === "sum" ? all : ["f32"]);
  const { engine, shape } = x;
  const { axes, shape: resultShape } = resolveReduction(name, x, axis, keepDims);
  if (name === "mean") requireSome(name, x, axes);
  const scale = name === "mean" ? 1 / sizeOf(axes.map((one) => shape[one]!)) : 1;
  const y = foldSteps(name, x, axes, resultShape, scale);
  const keptShape = withOnes(shape, axes);
  record({
    label: name,
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => [spreadBack(engine, dy!, keptShape, shape, scale)],
  });
  return y;
}

/** Folds one group of neighbouring axes after the other, the last one first. */
function foldSteps(label: string, x: Tensor, axes: readonly number[], shape: readonly number[], scale: number): Tensor {
  const { engine, dtype } = x;
  if (sizeOf(shape) === 0) return engine.output(label, shape, dtype);
  if (x.size === 0) return fill(engine, shape, 0, { dtype });
  const steps = stepsOf(x.shape, axes);
  if (steps.length === 0) return copied(label, x, shape);
  let current = x;
  steps.forEach(({ block, keptShape }, index) => {
    const isLast = index === steps.length - 1;
    const options = { fold: "sum", scale: isLast ? scale : 1 } as const;
    current = replaced(current, x, () => reduceBlock(label, current, block, isLast ? shape : keptShape, options));
  });
  return current;
}

/** The next of several steps that began with x; the one before goes, save x itself. */
function replaced(current: Tensor, x: Tensor, next: () => Tensor): Tensor {
  try {
    return next();
  } finally {
    if (current !== x) current.dispose();
  }
}

/** The elements in a buffer of their own: a result must not change where x is written, as optimisers do in place. */
function copied(label: string, x: Tensor, shape: readonly number[]): Tensor {
  const { engine, dtype } = x;
  const alias = x.alias(shape);
  try {
    return mapElements(engine, { label, expression: "x", dtype, operands: { x: alias }, shape });
  } finally {
    alias.dispose();
  }
}

function reduceToExtreme(name: "max" | "min", x: Tensor, axis: Axes | undefined, keepDims: boolean): Tensor {
  requireTensor(name, "x", x, all);
  const { axes, shape } = resolveReduction(name, x, axis, keepDims);
  requireSome(name, x, axes);
  const { engine, dtype } = x;
  const steps = stepsOf(x.shape, axes);
  if (steps.length === 0 || sizeOf(shape) === 0) {
    const y = steps.length === 0 ? copied(name, x, shape) : engine.output(name, shape, dtype);
    record({ label: name, inputs: [x], outputs: [y], backward: ([dy]) => [dy!.alias(x.shape)] });
    return y;
  }
  // Each step is an operation of its own on the tape: the first of firsts is the first.
  let current = x;
  steps.forEach(({ block, keptShape }, index) => {
    const nextShape = index === steps.length - 1 ? shape : keptShape;
    current = replaced(current, x, () => extremeOfBlock(name, current, block, nextShape));
  });
  return current;
}

function extremeOfBlock(name: "max" | "min", x: Tensor, block: Block, shape: readonly number[]): Tensor {
  const { engine } = x;
  const y = reduceBlock(name, x, block, shape, { fold: name });
  if (!isRecorded([x])) return y;
  const { outer, length, inner } = block;
  const dtype: DType = "f32";
  record({
    label: name,
    inputs: [x],
    outputs: [y],
    saved: [x, y],
    backward: ([dy]) => {
      const place = reduceBlock(`${name} place`, x, block, [outer, 1, inner], { fold: "first", equalTo: y });
      const spread = dy!.alias([outer, 1, inner]);
      const dx = mapElements(engine, {
        label: `${name} gradient`,
        expression: "select(F(0), dy, (element / U(inner)) % U(length) == place)",
        dtype,
        operands: {
          dy: spread,
          place,
          inner: { value: inner, dtype: "u32" },
          length: { value: length, dtype: "u32" },
        },
        shape: [outer, length, inner],
      });
      return [dx.alias(x.shape)];
    },
  });
  return y;
}

/** The reduced axes, and the shape after. */
export function resolveReduction(
  operation: string,
  x: Tensor,
  axis: Axes | undefined,
  keepDims: boolean,
): { axes: number[]; shape: readonly number[] } {
  must(
    typeof keepDims === "boolean",
    "value",
    () => `${operation}: keepDims must be true or false, got ${formatValue(keepDims)}`,
    "To reduce several axes pass them as an array: [0, 1].",
  );
  const axes = resolveAxes(operation, x.shape, axis);
  const shape = keepDims ? withOnes(x.shape, axes) : x.shape.filter((_, one) => !axes.includes(one));
  return { axes, shape };
}

/** Throws where there is nothing along an axis. */
export function requireSome(operation: string, x: Tensor, axes: readonly number[]): void {
  must(
    axes.every((axis) => x.shape[axis]! > 0),
    "shape",
    () => `${operation}: the reduced axes must not be empty, got axes ${formatShape(axes)} of ${formatShape(x.shape)}`,
    "Skip the call for empty tensors.",
  );
}

function withOnes(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

/** Neighbouring axes as one block. */
function blockOf(shape: readonly number[], axes: readonly number[]): Block {
  const first = axes[0] ?? shape.length;
  const last = axes.at(-1) ?? first - 1;
  return {
    outer: sizeOf(shape.slice(0, first)),
    length: sizeOf(shape.slice(first, last + 1)),
    inner: sizeOf(shape.slice(last + 1)),
  };
}

/** The groups of neighbouring reduced axes, last first; axes of length 1 lie between no neighbours. */
function stepsOf(shape: readonly number[], axes: readonly number[]): Step[] {
  const groups: number[][] = [];
  let isOpen = false;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue;
    if (!axes.includes(axis)) isOpen = false;
    else if (isOpen) groups.at(-1)!.unshift(axis);
    else {
      groups.push([axis]);
      isOpen = true;
    }
  }
  let current = shape;
  return groups.map((group) => {
    const block = blockOf(current, group);
    current = withOnes(current, group);
    return { block, keptShape: current };
  });
}
