import source from "../../kernels/matmul.wgsl";
import { formatShape, formatValue, must } from "../error.js";
import { record } from "../tape.js";
import { Tensor } from "../tensor.js";
import { sum } from "./reduce.js";

/** Which operands of {@link matmul} are read transposed; nothing is copied. */
export interface MatmulOptions {
  /** Read a as `[..., k, n]`. */
  transposeA?: boolean;
  /** Read b as `[..., m, k]`. */
  transposeB?: boolean;
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
 * @throws ImleError `shape` where an operand has fewer than two axes (vectors are not promoted: reshape them), where the
 * inner lengths differ, or where the batch axes do not broadcast; `dtype` unless both are f32
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA, transposeB } = checkOptions(options);
  checkOperand("a", a);
  checkOperand("b", b);
  a.engine.check("matmul", [a, b]);
  const problem = describe(a, b, transposeA, transposeB);
  const y = multiply(a, b, transposeA, transposeB, problem);
  record({
    label: "matmul",
    inputs: [a, b],
    outputs: [y],
    saved: [a, b],
    backward: ([dy]) => [
      a.requiresGrad ? unbroadcast(gradientOfA(dy!, b, transposeA, transposeB), a.shape) : null,
      b.requiresGrad ? unbroadcast(gradientOfB(dy!, a, transposeA, transposeB), b.shape) : null,
    ],
  });
  return y;
}

function gradientOfA(dy: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return transposeA
    ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
    : matmul(dy, b, { transposeB: !transposeB });
}

function gradientOfB(dy: Tensor, a: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return transposeB
    ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
    : matmul(a, dy, { transposeA: !transposeA });
}

/** Sums over the batch axes along which the operand was repeated. */
function unbroadcast(gradient: Tensor, shape: readonly number[]): Tensor {
  const added = gradient.shape.length - shape.length;
  const repeated = gradient.shape.flatMap((length, axis) =>
    axis < added || (length !== 1 && shape[axis - added] === 1 && axis < gradient.shape.length - 2) ? [axis] : [],
  );
  return repeated.length === 0 ? gradient : sum(gradient, repeated).alias(shape);
}

function checkOptions(options: MatmulOptions): { transposeA: boolean; transposeB: boolean } {
  const { transposeA = false, transposeB = false } = options ?? {};
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
  must(
    tensor instanceof Tensor,
    "value",
    () => `matmul: ${name} must be a tensor, got ${formatValue(tensor)}`,
    "Make one with engine.tensor(...).",
  );
  tensor.slice("matmul");
  must(
    tensor.dtype === "f32",
    "dtype",
    () => `matmul: ${name} must be f32, got ${tensor.dtype}`,
    "Convert it to f32 first.",
  );
  must(
    tensor.shape.length >= 2,
    "shape",
    () => `matmul: ${name} must have at least 2 axes, got shape ${formatShape(tensor.shape)}`,
    "Reshape a vector to [1, k] or [k, 1].",
  );
}

function describe(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Problem {
  const [n, k] = lastTwo(a.shape, transposeA);
  const [innerOfB, m] = lastTwo(b.shape, transposeB);
  const shapes = (): string =>
    `${formatShape(a.shape)}${transposeA ? " transposed" : ""} and ${formatShape(b.shape)}${transposeB ? " transposed" : ""}`;
  must(
    k === innerOfB,
    "shape",
    () => `matmul: the inner lengths must be equal, got ${k} and ${innerOfB} in ${shapes()}`,
    "a is [..., n, k] and b is [..., k, m]; transposeA and transposeB swap the last two axes.",
  );
  const rank = Math.max(a.shape.length, b.shape.length) - 2;
  const batch = Array.from({ length: rank }, (_, i) => {
    const [first, second] = [a, b].map(({ shape }) => shape[shape.length - 2 - rank + i] ?? 1) as [number, number];
    must(
      first === second || first === 1 || second === 1,
      "shape",
      () => `matmul: batch axes must be equal or 1, counted from the end, got ${shapes()}`,
      "Reshape so that axes to repeat have length 1.",
    );
    return first === 1 ? second : first;
  });
  return { rows: n, columns: m, inner: k, batch };
}

function lastTwo(shape: readonly number[], swapped: boolean): [number, number] {
  const [first, second] = shape.slice(-2) as [number, number];
  return swapped ? [second, first] : [first, second];
}

/** Steps of a tensor through the broadcast batch, innermost first, 0 along axes that repeat. */
function batchSteps(shape: readonly number[], batch: readonly number[]): number[] {
  const steps = Array.from({ length: maximumBatchAxes }, () => 0);
  let step = shape.at(-1)! * shape.at(-2)!;
  for (let i = 0; i < batch.length; i++) {
    const length = shape[shape.length - 3 - i] ?? 1;
    if (length !== 1) steps[i] = step;
    step *= length;
  }
  return steps;
}

function multiply(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, problem: Problem): Tensor {
  const { engine } = a;
  const { rows, columns, inner, batch } = problem;
  const shape = [...batch, rows, columns];
  if (inner === 0) return engine.zeros(shape);
  const y = engine.output("matmul", shape);
  const lengths = [...batch].reverse();
  while (lengths.length < maximumBatchAxes) lengths.push(1);
  engine.dispatch({
    kernel: engine.kernel("matmul", () => [{ name: "kernels/matmul.wgsl", text: source }]),
    buffers: { left: a.slice("matmul"), right: b.slice("matmul"), product: y.slice("matmul") },
    uniforms: {
      count: y.size,
      rows,
      columns,
      inner,
      batch_lengths: lengths,
      left_batch: batchSteps(a.shape, batch),
      right_batch: batchSteps(b.shape, batch),
      left_row: transposeA ? 1 : inner,
      left_inner: transposeA ? rows : 1,
      right_inner: transposeB ? 1 : columns,
      right_column: transposeB ? inner : 1,
    },
    workgroups: Math.ceil(y.size / 64),
  });
  return y;
}
