/** Operations that memory bounds, or would: elementwise, reductions, softmax, sorting over 1024 × 1024 numbers. */

import { abs, add, cumulativeSum, exp, log, relu, softmax, sort, sum, tanh, type Tensor, variance } from "webgpu-imle";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";

const side = 1024;
const bytesOfNumber = 4;

interface Operation {
  readonly name: string;
  /** The shape of y; by default that of x. */
  readonly second?: readonly number[];
  readonly apply: (x: Tensor, y: Tensor) => Tensor;
  readonly task?: "add" | "relu" | "exp" | "sum" | "sum-rows" | "softmax" | "sort" | "cumulative-sum";
  /** Numbers read and written at least. */
  readonly numbers: number;
  /** One element of the result, in double precision. */
  readonly twin: (x: Float32Array, y: Float32Array, index: number) => number;
}

const whole = side * side;
const rowOf = (x: Float32Array, row: number): Float32Array => x.subarray(row * side, (row + 1) * side);

const operations: readonly Operation[] = [
  { name: "add", task: "add", apply: add, numbers: 3 * whole, twin: (x, y, i) => x[i]! + y[i]! },
  {
    name: "add one row to all",
    second: [side],
    apply: add,
    numbers: 2 * whole + side,
    twin: (x, y, i) => x[i]! + y[i % side]!,
  },
  { name: "relu", task: "relu", apply: (x) => relu(x), numbers: 2 * whole, twin: (x, _, i) => Math.max(x[i]!, 0) },
  { name: "exp", task: "exp", apply: (x) => exp(x), numbers: 2 * whole, twin: (x, _, i) => Math.exp(x[i]!) },
  {
    name: "sum of all",
    task: "sum",
    apply: (x) => sum(x),
    numbers: whole,
    twin: (x) => x.reduce((total, value) => total + value, 0),
  },
  {
    name: "sum over axis 1",
    task: "sum-rows",
    apply: (x) => sum(x, 1),
    numbers: whole + side,
    twin: (x, _, i) => rowOf(x, i).reduce((total, value) => total + value, 0),
  },
  {
    name: "sum over axis 0",
    apply: (x) => sum(x, 0),
    numbers: whole + side,
    twin: (x, _, i) => Array.from({ length: side }, (_none, row) => x[row * side + i]!).reduce((a, b) => a + b, 0),
  },
  {
    name: "softmax over axis 1",
    task: "softmax",
    apply: (x) => softmax(x, 1),
    numbers: 2 * whole,
    twin(x, _, i) {
      const row = rowOf(x, Math.floor(i / side));
      return Math.exp(x[i]!) / row.reduce((total, value) => total + Math.exp(value), 0);
    },
  },
  {
    name: "variance over axis 1",
    apply: (x) => variance(x, 1),
    numbers: whole + side,
    twin(x, _, i) {
      const row = rowOf(x, i);
      const mean = row.reduce((total, value) => total + value, 0) / side;
      return row.reduce((total, value) => total + (value - mean) ** 2, 0) / side;
    },
  },
  {
    name: "running sum over axis 1",
    task: "cumulative-sum",
    apply: (x) => cumulativeSum(x, 1),
    numbers: 2 * whole,
    twin: (x, _, i) =>
      rowOf(x, Math.floor(i / side))
        .subarray(0, (i % side) + 1)
        .reduce((total, value) => total + value, 0),
  },
  {
    name: "sort over axis 1",
    task: "sort",
    apply: (x) => sort(x, 1),
    numbers: 2 * whole,
    twin: (x, _, i) => rowOf(x, Math.floor(i / side)).slice().sort()[i % side]!,
  },
];

const operationCase = ({ name, task, second = [side, side], apply, numbers, twin }: Operation): TimedCase => ({
  name: `${name} [${side}, ${side}]`,
  parameters: { rows: side, columns: side },
  headline: task === "softmax" || task === "sum",
  ...(task !== undefined && { peers: { task, rows: side, columns: side } as const }),
  prepare(engine) {
    const x = engine.normal([side, side]);
    const y = engine.normal(second);
    return {
      work: { bytes: bytesOfNumber * numbers },
      unit: () => void apply(x, y),
      async verify() {
        const [xs, ys, got] = await Promise.all([x.read(), y.read(), apply(x, y).read()]);
        for (const index of [0, got.length >> 1, got.length - 1]) {
          // Sums of a million normal numbers of either sign: their rounding is that of their size, not of their sum.
          expectClose(`${name}, element ${index}`, got[index]!, twin(xs, ys, index), 1e-3);
        }
      },
    };
  },
});

const chainCount = 2 ** 22;
const chain = (x: Tensor): Tensor => exp(tanh(log(abs(x).add(1))).mul(2));
const chainTwin = (x: number): number => Math.exp(2 * Math.tanh(Math.log(Math.abs(x) + 1)));

/** One read and one write of each number is what the chain needs at least, however many kernels compute it. */
const chainCase = (captured: boolean): TimedCase => ({
  name: `exp(2·tanh(log(|x| + 1))) [${chainCount}], ${captured ? "captured" : "the five apart"}`,
  parameters: { n: chainCount },
  prepare(engine) {
    const x = engine.normal([chainCount]);
    const step = captured ? engine.capture(() => chain(x)) : () => chain(x);
    return {
      work: { bytes: 2 * bytesOfNumber * chainCount },
      unit: () => void step(),
      async verify() {
        engine.scope(() => void step());
        const result = engine.scope(step);
        const [xs, got] = [await x.read(), await result.read()];
        result.dispose();
        for (let i = 0; i < chainCount; i += 99_991) expectClose(`element ${i}`, got[i]!, chainTwin(xs[i]!), 1e-5);
      },
    };
  },
});

export const elementwise: Benchmark = {
  name: "elementwise",
  summary: "elementwise operations, sums, softmax and sorting of 1024 × 1024 numbers, and a chain, against the copy",
  cases: [...operations.map(operationCase), chainCase(false), chainCase(true)],
};
