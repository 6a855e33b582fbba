/**
 * One tensor of more than 2²⁴ elements, beyond which f32 does not count by ones, and one dispatch of more than 65,535
 * workgroups, beyond which the host folds them into rows, for each family of kernels. (Kernels with a workgroup a row
 * have theirs beside their other tests, on GPUs only: 65,536 barriers take a software adapter too long.)
 *
 * Only some elements are read: the first and last ones, and those on both sides of the limits.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  Adam,
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  add,
  argsort,
  averagePool2d,
  batchNorm,
  checkFinite,
  clipGradientNorm,
  concatenate,
  conv2d,
  crossEntropy,
  cumulativeSum,
  dropout,
  flip,
  gather,
  globalNorm,
  layerNorm,
  matmul,
  max,
  maxPool2d,
  mul,
  oneHot,
  scatterAdd,
  SGD,
  softmax,
  sort,
  sum,
  type Tensor,
} from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";

const engine = await testEngine();

const many = 2 ** 24 + 1;
/** As [rows, 4096] a tensor has `many` or more elements; with a lane a row, manyRows are more than 65,535 workgroups. */
const [rows, manyRows] = [4097, 2 ** 22 + 1] as const;

/** Places in a tensor of `size` elements that the limits lie between, for lanes of 64 and vectors of 4. */
function spots(size: number): number[] {
  const edges = [0, 64 * 65535, 2 * 64 * 65535, 256 * 65535, 2 ** 24, size];
  const places = new Set(edges.flatMap((edge) => [edge - 1, edge, edge + 1]));
  return [...places].filter((place) => place >= 0 && place < size);
}

/** Some elements of a tensor, at the given places of it laid flat. */
async function at(x: Tensor, places: readonly number[]): Promise<number[]> {
  return [...(await gather(x.reshape([x.size]), engine.tensor(places, { dtype: "i32" })).read())];
}

/** Compares the elements at the spots with a function of the place. */
async function expectAt(name: string, y: Tensor, expected: (place: number) => number, relative = 1e-5): Promise<void> {
  const places = spots(y.size);
  expectClose(name, await at(y, places), places.map(expected), { relative, absolute: relative });
}

const remainder = (place: number): number => place % 17;
const numbers = engine.tensor(new Float32Array(4100 * 4100).map((_, place) => remainder(place)));

/** 0 … 16, over and over: f32 numbers that say where they are. */
const remainders = (shape: readonly number[]): Tensor => engine.wrap(numbers.gpu.buffer, shape);

const test = suite("large tensors");

/** Each in a scope of its own: the next one finds the memory free. */
const large = (name: string, run: () => Promise<void>): void => test(name, () => scoped(engine, run));

large("filling, counting and gathering", async () => {
  await expectAt("full", engine.full([many], 7), () => 7);
  await expectAt("arange", engine.arange(many), (place) => place, 0);
  await expectAt("gather", remainders([many]), remainder, 0);
});

large("random numbers and dropout", async () => {
  const found = await at(engine.uniform([many]), spots(many));
  assert.is(new Set(found).size, found.length);
  assert.ok(found.every((value) => value > 0 && value < 1));
  const y = dropout(engine.ones([many]), 0.5);
  const last = await at(y, Array.from({ length: 64 }, (_, i) => many - 1 - i));
  assert.equal([...new Set(last)].sort(), [0, 2]);
});

large("elementwise operations, broadcasting in each way", async () => {
  const x = remainders([many]);
  await expectAt("same", mul(x, x), (place) => remainder(place) ** 2);
  const matrix = remainders([rows, 4096]);
  await expectAt("repeat", add(matrix, engine.arange(4096, { dtype: "f32" })), (i) => remainder(i) + (i % 4096));
  await expectAt("spread", add(matrix, engine.arange(rows, { dtype: "f32" }).reshape([rows, 1])), (i) => {
    return remainder(i) + Math.floor(i / 4096);
  });
  const outer = add(engine.arange(5, { dtype: "f32" }).reshape([1, 5, 1]), engine.ones([840_000, 1, 1]));
  await expectAt("strided", outer, (i) => 1 + (i % 5));
});

large("reductions and running sums", async () => {
  const ones = engine.ones([many], { dtype: "i32" });
  assert.is(await sum(ones).item(), many);
  await expectAt("cumulativeSum", cumulativeSum(ones, 0), (place) => place + 1, 0);
  await expectAt("rows", sum(remainders([manyRows, 4]), 1), (row) => {
    return [0, 1, 2, 3].reduce((total, i) => total + remainder(4 * row + i), 0);
  });
  assert.is(await max(engine.arange(many)).item(), many - 1);
});

large("rows of softmax, layer normalisation and cross-entropy", async () => {
  const x = remainders([manyRows, 2]);
  const [one, two] = [(row: number) => remainder(2 * row), (row: number) => remainder(2 * row + 1)];
  const exponentials = (row: number): number => Math.exp(one(row)) + Math.exp(two(row));
  await expectAt("softmax", softmax(x), (i) => Math.exp(remainder(i)) / exponentials(Math.floor(i / 2)));
  await expectAt("layerNorm", layerNorm(x), (i) => {
    const row = Math.floor(i / 2);
    const [mean, variance] = [(one(row) + two(row)) / 2, (one(row) - two(row)) ** 2 / 4];
    return (remainder(i) - mean) / Math.sqrt(variance + 1e-5);
  });
  const losses = crossEntropy(x, engine.zeros([manyRows], { dtype: "i32" }), { reduction: "none" });
  await expectAt("crossEntropy", losses, (row) => Math.log(exponentials(row)) - one(row));
  const inRow = Array.from({ length: 4096 }, (_, i) => Math.exp(i % 17)).reduce((a, b) => a + b);
  const scaled = softmax(remainders([rows, 4096])).mul(inRow);
  await expectAt("rows of 4096", scaled, (i) => Math.exp(remainder(i)), 1e-2);
});

large("rows that are longer than the loops of one lane may turn", async () => {
  // lavapipe ends all loops of an invocation after 65,535 turns.
  const [count, length] = [64, 70_001];
  const x = remainders([count, length]);
  const values = Array.from({ length }, (_, i) => remainder((count - 1) * length + i));
  const last = values.at(-1)!;
  const logSum = Math.log(values.reduce((total, value) => total + Math.exp(value), 0));
  const end = async (y: Tensor): Promise<number[]> => at(y, [count * length - 1]);
  expectClose("softmax", await end(softmax(x)), [Math.exp(last - logSum)], { relative: 1e-4, absolute: 0 });
  expectClose("layerNorm", await end(layerNorm(x)), [(last - 8) / Math.sqrt(24)], { absolute: 1e-3 });
  const losses = crossEntropy(x, engine.zeros([count], { dtype: "i32" }), { reduction: "none" });
  expectClose("crossEntropy", await at(losses, [count - 1]), [logSum - values[0]!], { relative: 1e-5 });
  const columns = engine.wrap(numbers.gpu.buffer, [length, count]);
  expectClose("sum", await at(softmax(columns, 0).sum(0), [0, 63]), [1, 1], { absolute: 1e-4 });
  const leaf = engine.ones([count, length], { requiresGrad: true });
  const places = engine.arange(length, { dtype: "f32" }).div(length - 1);
  softmax(leaf).mul(places).sum().backward();
  expectClose("slope of softmax", await end(leaf.grad!.mul(length)), [0.5], { absolute: 1e-3 });
  leaf.dispose();
});

large("windows that are larger than the loops of one lane may turn", async () => {
  const sides = [300, 280] as const;
  const x = engine.arange(2 * sides[0] * sides[1], { dtype: "f32" }).reshape([1, 2, ...sides]);
  const area = sides[0] * sides[1];
  const middle = (area - 1) / 2;
  for (const pool of [averagePool2d(x, sides), adaptiveAveragePool2d(x, 1)]) {
    expectClose("average", await pool.read(), [middle, middle + area], { relative: 1e-5 });
  }
  for (const pool of [maxPool2d(x, sides), adaptiveMaxPool2d(x, 1)]) {
    assert.equal([...(await pool.read())], [area - 1, 2 * area - 1]);
  }
  const sliding = { stride: [10, 9], padding: [20, 0] } as const;
  assert.equal([...(await maxPool2d(x, [290, 270], sliding).read())].slice(0, 4), [
    269 * 280 + 269, 269 * 280 + 278, 279 * 280 + 269, 279 * 280 + 278,
  ]);
  // The mean of what the window sees, times the share of it that is no padding.
  const first = (269 / 2) * 280 + 269 / 2;
  const averages = await averagePool2d(x, [290, 270], sliding).read();
  expectClose("average with padding", averages.slice(0, 1), [(first * 270) / 290], { relative: 1e-5 });
  const wide = engine.arange(600 * 560, { dtype: "f32" }).reshape([1, 1, 600, 560]);
  assert.equal([...(await adaptiveMaxPool2d(wide, 2).read())], [
    299 * 560 + 279, 299 * 560 + 559, 599 * 560 + 279, 599 * 560 + 559,
  ]);
  const leaf = engine.zeros([1, 1, 400, 400], { requiresGrad: true });
  averagePool2d(leaf, 300, { stride: 50 }).sum().backward();
  expectClose("slopes", await at(leaf.grad!, [0, 399, 200 * 400 + 200]), [1, 1, 9].map((n) => n / 90_000), {});
  leaf.grad = null;
  maxPool2d(leaf, 300, { stride: 100 }).sum().backward();
  assert.equal(await at(leaf.grad!, [0, 100, 100 * 400, 100 * 400 + 100, 1]), [1, 1, 1, 1, 0]);
  leaf.dispose();
  const sequence = engine.arange(210_000, { dtype: "f32" }).reshape([1, 1, 1, 210_000]);
  assert.is(await adaptiveMaxPool2d(sequence, 1).item(), 209_999);
  refused(() => adaptiveMaxPool2d(sequence, [1, 2]), "limit", /^adaptiveMaxPool2d: a window must be shorter than 65,535/);
});

large("batch normalisation", async () => {
  const y = batchNorm(remainders([1, 2, rows, 2048]), { training: true });
  // Both channels hold 0 … 16 about equally often.
  await expectAt("batchNorm", y, (i) => (remainder(i) - 8) / Math.sqrt(24), 1e-4);
});

large("products of matrices and convolutions", async () => {
  const left = remainders([rows, 1]);
  await expectAt("matmul", matmul(left, engine.arange(4096, { dtype: "f32" }).reshape([1, 4096])), (i) => {
    return remainder(Math.floor(i / 4096)) * (i % 4096);
  });
  const batches = matmul(remainders([manyRows / 5, 4, 1]), engine.ones([manyRows / 5, 1, 1]));
  await expectAt("batched matmul", batches, remainder);
  const windows = engine.tensor([1, 2, 4, 8], [4, 1, 1, 1]);
  const area = 2049 * 2048;
  await expectAt("conv2d", conv2d(remainders([1, 1, 2049, 2048]), windows), (i) => {
    return 2 ** Math.floor(i / area) * remainder(i % area);
  });
});

large("pooling, and its gradients", async () => {
  const x = remainders([1, 1, 4100, 4100]);
  const pixel = (row: number, column: number): number => remainder(4100 * row + column);
  const window = (i: number): number[] => {
    const [row, column] = [2 * Math.floor(i / 2050), 2 * (i % 2050)];
    return [pixel(row, column), pixel(row, column + 1), pixel(row + 1, column), pixel(row + 1, column + 1)];
  };
  await expectAt("maxPool2d", maxPool2d(x, 2), (i) => Math.max(...window(i)));
  await expectAt("averagePool2d", averagePool2d(x, 2), (i) => window(i).reduce((a, b) => a + b) / 4);
  const leaf = engine.zeros([1, 1, 4100, 4100], { requiresGrad: true });
  averagePool2d(leaf, 2).sum().backward();
  await expectAt("gradient", leaf.grad!, () => 0.25);
  leaf.dispose();
});

large("moved elements", async () => {
  await expectAt("flip", flip(engine.arange(many)), (place) => many - 1 - place, 0);
});

large("adding up by index, and ones at indices", async () => {
  const columns = manyRows;
  const values = engine.arange(2 * columns).reshape([2, columns]);
  const y = scatterAdd(values, engine.tensor([1, 1], { dtype: "i32" }), 2);
  await expectAt("scatterAdd", y, (i) => (i < columns ? 0 : 2 * (i - columns) + columns), 0);
  const leaf = engine.zeros([many], { requiresGrad: true });
  gather(leaf, engine.tensor([many - 1, 3, many - 1], { dtype: "i32" })).sum().backward();
  assert.equal(await at(leaf.grad!, [0, 3, many - 2, many - 1]), [0, 1, 0, 2]);
  leaf.dispose();
  await expectAt("oneHot", oneHot(engine.zeros([manyRows], { dtype: "i32" }), 4), (i) => Number(i % 4 === 0), 0);
});

large("sorting", async () => {
  const x = remainders([2 ** 23 + 1, 2]);
  await expectAt("sort", sort(x), (i) => Math[i % 2 === 0 ? "min" : "max"](remainder(i), remainder(i ^ 1)), 0);
  const merged = argsort(engine.arange(64 * 67_000).reshape([67_000, 64]), 1, { descending: true });
  await expectAt("argsort", merged, (i) => 63 - (i % 64), 0);
});

large("steps of optimisers, in place", async () => {
  const steps = {
    SGD: { make: (parameters: Tensor[]) => new SGD({ parameters, learningRate: 1, momentum: 0.5 }), by: 0.5 },
    Adam: { make: (parameters: Tensor[]) => new Adam({ parameters, learningRate: 0.25 }), by: 0.25 },
  };
  for (const [name, { make, by }] of Object.entries(steps)) {
    const parameter = engine.ones([many], { requiresGrad: true });
    parameter.grad = engine.full([many], 0.5);
    const optimiser = make([parameter]);
    optimiser.step();
    await expectAt(name, parameter, () => 1 - by);
    for (const used of [optimiser, parameter]) used.dispose();
  }
});

large("global norms and clipping", async () => {
  const parameter = engine.zeros([many], { requiresGrad: true });
  parameter.grad = engine.full([many], 2);
  const norm = 2 * Math.sqrt(many);
  expectClose("norm", [await globalNorm([parameter.grad!]).item()], [norm], { relative: 1e-5 });
  clipGradientNorm([parameter], 1);
  await expectAt("clipped", parameter.grad!, () => 2 / norm);
  parameter.dispose();
});

large("an infinite last element is found", async () => {
  const x = concatenate([engine.zeros([many - 1]), engine.tensor([Infinity])]);
  checkFinite(x, "it");
  await rejected(x.read(), "non-finite", /element 16,777,215 or later$/);
});

test.run();
