import source from "../../kernels/matmul.wgsl";
import { constants } from "../compose.js";
import { formatShape, formatValue, must } from "../error.js";
import { sizeOf } from "../shape.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { broadcastShapes, requireOptions, requireTensor } from "./arguments.js";
import { elements, multiplyTiled } from "./product.js";
import { sum } from "./reduce.js";
import type { Access } from "./tiles.js";

/** Which operands of {@link matmul} are read transposed; nothing is copied. */
export interface MatmulOptions {
  /** Read a as `[..., k, n]`. */
  transposeA?: boolean;
  /** Read b as `[..., m, k]`. */
  transposeB?: boolean;
}

interface CheckedOptions {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** What a product of matrices is made of, worked out once from the shapes. */
interface Problem {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** The broadcast batch axes, outermost first. */
  readonly batch: readonly number[];
}

const maximumBatchAxes = 4;

/**
 * Matrix product of the last two axes; the axes before them are batch and broadcast.
 *
 * @param a `[..., n, k]`, f32 (`[..., k, n]` with `transposeA`)
 * @param b `[..., k, m]`, f32 (`[..., m, k]` with `transposeB`)
 * @returns `[..., n, m]`
 * @throws ImleError `shape` where an operand has fewer than two axes (vectors are not promoted: reshape them), where
 * the inner lengths differ, or where the batch axes do not broadcast; `dtype` unless both are f32
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const checked = checkOptions(options);
  checkOperand("a", a);
  checkOperand("b", b);
  a.engine.check("matmul", [a, b]);
  const y = multiply(a, b, checked, describe(a, b, checked));
  record({
    label: "matmul",
    inputs: [a, b],
    outputs: [y],
    saved: [a, b],
    backward: ([dy]) => [
      a.requiresGrad ? unbroadcast(gradientOfA(dy!, b, checked), a.shape) : null,
      b.requiresGrad ? gradientOfB(dy!, a, b, checked) : null,
    ],
  });
  return y;
}

function gradientOfA(dy: Tensor, b: Tensor, { transposeA, transposeB }: CheckedOptions): Tensor {
  return transposeA
    ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
    : matmul(dy, b, { transposeB: !transposeB });
}

function gradientOfB(dy: Tensor, a: Tensor, b: Tensor, options: CheckedOptions): Tensor {
  const { transposeA, transposeB } = options;
  const sharesB = b.size === b.shape.at(-1)! * b.shape.at(-2)! && dy.shape.length === a.shape.length;
  const isFolded = sharesB && !transposeA && dy.size * a.shape.at(-1)! === a.size * dy.shape.at(-1)!;
  // One right operand for all: the sum over the batch is part of the inner axis.
  const [left, right] = isFolded ? [asMatrix(a), asMatrix(dy)] : [a, dy];
  const gradient = transposeB
    ? matmul(right, left, { transposeA: true, transposeB: transposeA })
    : matmul(left, right, { transposeA: !transposeA });
  return isFolded ? gradient.alias(b.shape) : unbroadcast(gradient, b.shape);
}

function asMatrix(x: Tensor): Tensor {
  const columns = x.shape.at(-1)!;
  return x.alias([sizeOf(x.shape.slice(0, -1)), columns]);
}

/** Sums over the batch axes along which the operand was repeated. */
function unbroadcast(gradient: Tensor, shape: readonly number[]): Tensor {
  const added = gradient.shape.length - shape.length;
  const repeated = gradient.shape.flatMap((length, axis) =>
    axis < added || (length !== 1 && shape[axis - added] === 1 && axis < gradient.shape.length - 2) ? [axis] : [],
  );
  return repeated.length === 0 ? gradient : sum(gradient, repeated).alias(shape);
}

function checkOptions(options: MatmulOptions): CheckedOptions {
  requireOptions("matmul", options, ["transposeA", "transposeB"]);
  const { transposeA = false, transposeB = false } = options;
  for (const [name, value] of Object.entries({ transposeA, transposeB })) {
    must(
      typeof value === "boolean",
      "value",
      () => `matmul: ${name} must be true or false, got ${formatValue(value)}`,
      "Leave it out to read the operand as it lies.",
    );
  }
  return { transposeA, transposeB };
}

function checkOperand(name: string, tensor: Tensor): void {
  requireTensor("matmul", name, tensor, ["f32"]);
  must(
    tensor.shape.length >= 2,
    "shape",
    () => `matmul: ${name} must have at least 2 axes, got shape ${formatShape(tensor.shape)}`,
    "Reshape a vector to [1, k] or [k, 1].",
  );
}

function describe(a: Tensor, b: Tensor, { transposeA, transposeB }: CheckedOptions): Problem {
  const [n, k] = lastTwo(a.shape, transposeA);
  const [innerOfB, m] = lastTwo(b.shape, transposeB);
  const as = (swapped: boolean): string => (swapped ? " transposed" : "");
  const shapes = (): string => `${formatShape(a.shape)}${as(transposeA)} and ${formatShape(b.shape)}${as(transposeB)}`;
  must(
    k === innerOfB,
    "shape",
    () => `matmul: the inner lengths must be equal, got ${k} and ${innerOfB} in ${shapes()}`,
    "a is [..., n, k] and b is [..., k, m]; transposeA and transposeB swap the last two axes.",
  );
  const batch = broadcastShapes("matmul", [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  return { rows: n, columns: m, inner: k, batch };
}

function lastTwo(shape: readonly number[], swapped: boolean): [number, number] {
  const [first, second] = shape.slice(-2) as [number, number];
  return swapped ? [second, first] : [first, second];
}

function multiply(a: Tensor, b: Tensor, options: CheckedOptions, problem: Problem): Tensor {
  const { transposeA, transposeB } = options;
  const { rows, columns, inner, batch } = problem;
  const { engine } = a;
  const shape = [...batch, rows, columns];
  if (inner === 0) return engine.zeros(shape);
  const y = engine.output("matmul", shape);
  // One right operand for all: the batch is so many more rows.
  const sharesB = b.size === inner * columns && a.size === sizeOf(batch) * rows * inner;
  const folds = batch.length > 0 && !transposeA && sharesB;
  const lengths = folds ? [] : [...batch].reverse();
  while (lengths.length < maximumBatchAxes) lengths.push(1);
  const rowCount = folds ? rows * sizeOf(batch) : rows;
  multiplyTiled({
    operation: "matmul",
    name: "matmul",
    rows: rowCount,
    columns,
    inner,
    batches: folds ? 1 : sizeOf(batch),
    left: vectorAccess(transposeA, rows, inner),
    right: vectorAccess(!transposeB, columns, inner),
    leftAlongInner: !transposeA,
    rightAlongInner: transposeB,
    vectorStores: columns % 4 === 0,
    operands: (left, right, vectorStores) => [
      constants({
        LEFT_ROWS: left === "outer" ? 4 : 1,
        LEFT_INNER: left === "inner" ? 4 : 1,
        RIGHT_COLUMNS: right === "outer" ? 4 : 1,
        RIGHT_INNER: right === "inner" ? 4 : 1,
        PRODUCT_COLUMNS: vectorStores ? 4 : 1,
      }),
      elements({ Left: left !== "scalar", Right: right !== "scalar", Product: vectorStores }),
      { name: "kernels/matmul.wgsl", text: source },
    ],
    buffers: { left: a.slice("matmul"), right: b.slice("matmul") },
    uniforms: (left, right) => {
      const leftSteps = steps(left, transposeA, rowCount, inner);
      const rightSteps = steps(right, !transposeB, columns, inner);
      return {
        batches: folds ? 1 : sizeOf(batch),
        left_row: leftSteps.outer,
        left_inner: leftSteps.inner,
        right_column: rightSteps.outer,
        right_inner: rightSteps.inner,
        batch_lengths: lengths,
        left_batch: batchSteps(a.shape, folds ? [] : batch, left),
        right_batch: batchSteps(b.shape, folds ? [] : batch, right),
      };
    },
    output: y,
  });
  return y;
}

/** An operand is read four numbers at a time along the axis that is contiguous, if its length allows that. */
function vectorAccess(outerIsContiguous: boolean, outer: number, inner: number): Access {
  if (outerIsContiguous) return outer % 4 === 0 ? "outer" : "scalar";
  return inner % 4 === 0 ? "inner" : "scalar";
}

/** Strides of an operand along its outer axis and the inner one, counted in what is loaded at once. */
function steps(
  access: Access,
  outerIsContiguous: boolean,
  outer: number,
  inner: number,
): { outer: number; inner: number } {
  const width = access === "scalar" ? 1 : 4;
  return outerIsContiguous ? { outer: 1, inner: outer / width } : { outer: inner / width, inner: 1 };
}

/** Steps of a tensor through the broadcast batch, innermost first, 0 along axes that repeat; what is missing is 0. */
function batchSteps(shape: readonly number[], batch: readonly number[], access: Access): number[] {
  const result: number[] = [];
  let step = (shape.at(-1)! * shape.at(-2)!) / (access === "scalar" ? 1 : 4);
  for (let i = 0; i < batch.length; i++) {
    const length = shape[shape.length - 3 - i] ?? 1;
    result.push(length === 1 ? 0 : step);
    step *= length;
  }
  return result;
}
