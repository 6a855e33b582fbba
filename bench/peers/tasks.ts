/** What a unit of a row does, in words that others can follow; what goes in, and what must come out. */

import { topKCpu } from "webgpu-imle/testing";

export type PeerTask =
  /** Cheapest paths from the top left to the bottom right, eight neighbours. */
  | { readonly task: "grid-paths"; readonly batch: number; readonly height: number; readonly width: number }
  /** A mask of the k largest of each row. */
  | { readonly task: "top-k"; readonly batch: number; readonly n: number; readonly k: number }
  /** An operand that is transposed lies so in memory: [inner, rows], [columns, inner]. */
  | {
      readonly task: "matmul";
      readonly rows: number;
      readonly inner: number;
      readonly columns: number;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    }
  | { readonly task: "add" | "exp" | "relu"; readonly rows: number; readonly columns: number }
  /** Over each row. */
  | {
      readonly task: "softmax" | "sum-rows" | "sort" | "cumulative-sum";
      readonly rows: number;
      readonly columns: number;
    }
  /** Of everything. */
  | { readonly task: "sum"; readonly rows: number; readonly columns: number }
  /** NCHW by OIHW, without bias. */
  | ({ readonly task: "conv2d" } & ConvolutionSizes)
  /** The same and both gradients, for a gradient of its output that is given; the result is that of the weights. */
  | ({ readonly task: "conv2d-gradients" } & ConvolutionSizes)
  /** Forward and backward of I-MLE through top-k, Sum-of-Gamma noise with s 10, α 1, λ 10. */
  | {
      readonly task: "imle-top-k";
      readonly batch: number;
      readonly n: number;
      readonly k: number;
      readonly samples: number;
    }
  /** A training step of the digits' selector and classifier, noise given: see `digits-step.ts`. */
  | { readonly task: "digits-step"; readonly batch: number };

export interface ConvolutionSizes {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Height and width of the images. */
  readonly side: number;
  readonly window: number;
  readonly stride: number;
  readonly padding: number;
}

export type TaskName = PeerTask["task"];
export type TaskOf<Name extends TaskName> = Extract<PeerTask, { readonly task: Name }>;

/** Height and width of what a convolution gives. */
export const convolvedSide = ({ side, window, stride, padding }: ConvolutionSizes): number =>
  Math.floor((side + 2 * padding - window) / stride) + 1;

/** The same numbers from 1 to 2 for all peers: the linear congruential generator of Numerical Recipes. */
export function peerNumbers(count: number, seed = 1): Float32Array {
  const numbers = new Float32Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    numbers[i] = 1 + (state >>> 8) / 2 ** 24;
  }
  return numbers;
}

/** Shapes of what goes into a task: the first is filled with seed 1, the second with seed 2, and so on. */
export function inputShapes(task: PeerTask): number[][] {
  switch (task.task) {
    case "matmul":
      return [
        task.transposeA ? [task.inner, task.rows] : [task.rows, task.inner],
        task.transposeB ? [task.columns, task.inner] : [task.inner, task.columns],
      ];
    case "add":
      return [
        [task.rows, task.columns],
        [task.rows, task.columns],
      ];
    case "conv2d":
    case "conv2d-gradients": {
      const { batch, inputs, outputs, side, window } = task;
      const operands = [
        [batch, inputs, side, side],
        [outputs, inputs, window, window],
      ];
      const convolved = convolvedSide(task);
      return task.task === "conv2d" ? operands : [...operands, [batch, outputs, convolved, convolved]];
    }
    case "top-k":
      return [[task.batch, task.n]];
    case "exp":
    case "relu":
    case "softmax":
    case "sort":
    case "cumulative-sum":
    case "sum-rows":
    case "sum":
      return [[task.rows, task.columns]];
    default:
      return [];
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

export const inputsOf = (task: PeerTask): Float32Array[] =>
  inputShapes(task).map((shape, i) => peerNumbers(sizeOf(shape), i + 1));

const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0);

/** The last numbers of a task's result, by plain loops in float64; empty where results depend on noise. */
export function lastNumbers(task: PeerTask): number[] {
  const [x, y] = inputsOf(task) as [Float32Array, Float32Array];
  const lastRow = (): Float32Array => x.subarray(-inputShapes(task)[0]!.at(-1)!);
  switch (task.task) {
    case "matmul": {
      const { rows, inner, columns, transposeA, transposeB } = task;
      let sum = 0;
      for (let i = 0; i < inner; i++) {
        const left = x[transposeA ? i * rows + rows - 1 : (rows - 1) * inner + i]!;
        sum += left * y[transposeB ? (columns - 1) * inner + i : i * columns + columns - 1]!;
      }
      return [sum];
    }
    case "add":
      return [x.at(-1)! + y.at(-1)!];
    case "exp":
      return [Math.exp(x.at(-1)!)];
    case "relu":
      return [Math.max(x.at(-1)!, 0)];
    case "softmax":
      return [Math.exp(x.at(-1)!) / sumOf(lastRow().map(Math.exp))];
    case "sort":
      return [Math.max(...lastRow())];
    case "cumulative-sum":
    case "sum-rows":
      return [sumOf(lastRow())];
    case "sum":
      return [sumOf(x)];
    case "conv2d":
      return [lastOfConvolution(task, x, y)];
    case "conv2d-gradients":
      return [lastWeightsGradient(task, x, inputsOf(task)[2]!)];
    case "top-k":
      return Array.from(topKCpu(lastRow(), task.k));
    default:
      return [];
  }
}

function lastWeightsGradient(sizes: ConvolutionSizes, x: Float32Array, dy: Float32Array): number {
  const { batch, inputs, outputs, side, window, stride, padding } = sizes;
  const convolved = convolvedSide(sizes);
  let sum = 0;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < convolved; row++) {
      for (let column = 0; column < convolved; column++) {
        const [i, j] = [row * stride + window - 1 - padding, column * stride + window - 1 - padding];
        if (i < 0 || j < 0 || i >= side || j >= side) continue;
        const pixel = x[((image * inputs + inputs - 1) * side + i) * side + j]!;
        sum += pixel * dy[((image * outputs + outputs - 1) * convolved + row) * convolved + column]!;
      }
    }
  }
  return sum;
}

function lastOfConvolution(sizes: ConvolutionSizes, x: Float32Array, w: Float32Array): number {
  const { batch, inputs, outputs, side, window, stride, padding } = sizes;
  const start = (convolvedSide(sizes) - 1) * stride - padding;
  let sum = 0;
  for (let channel = 0; channel < inputs; channel++) {
    for (let i = 0; i < window; i++) {
      for (let j = 0; j < window; j++) {
        const [row, column] = [start + i, start + j];
        if (row >= side || column >= side) continue;
        const pixel = x[(((batch - 1) * inputs + channel) * side + row) * side + column]!;
        sum += pixel * w[(((outputs - 1) * inputs + channel) * window + i) * window + j]!;
      }
    }
  }
  return sum;
}

/** Compares the end of what a peer gives with {@link lastNumbers}. @throws Error in one line */
export function checkLastNumbers(task: PeerTask, got: ArrayLike<number>): void {
  const last = lastNumbers(task);
  for (const [i, wanted] of last.entries()) {
    const value = got[got.length - last.length + i]!;
    if (Math.abs(value - wanted) <= 1e-4 * Math.max(1, Math.abs(wanted))) continue;
    throw new Error(`its ${task.task} must end with ${wanted}, got ${value}`);
  }
}
