import {
  dijkstraGrid,
  exactMatch,
  hammingDistance,
  normalisedRegret,
  optimalCostAccuracy,
  regret,
  solve,
  subsetPrecision,
  type Tensor,
  topK,
} from "webgpu-imle";
import { dijkstraGridCpu, topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { dot } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";
import { total } from "./support/twins.js";

const engine = await testEngine();
const test = suite("metrics");

const subsets = topK(3);
const paths = dijkstraGrid();

interface Data {
  readonly rows: number;
  readonly size: number;
  readonly z: Float32Array;
  readonly y: Float32Array;
  readonly weights: Float32Array;
}

const part = (values: Float32Array, row: number, size: number): number[] =>
  [...values.subarray(row * size, row * size + size)];

/** Masks at random, some of them right. */
function data(rows: number, size: number, seed: number): Data {
  const random = randomSource(seed);
  const y = Float32Array.from({ length: rows * size }, () => randomWhole(random, 0, 1));
  const z = y.map((x, i) => (Math.floor(i / size) % 3 === 0 ? x : randomWhole(random, 0, 1)));
  z.fill(0, size, 2 * size);
  return { rows, size, z, y, weights: randomNumbers(random, rows * size) };
}

const elementwise: readonly [string, (z: Tensor, y: Tensor) => Tensor, (z: number[], y: number[]) => number][] = [
  [
    "Hamming distance",
    (z, y) => hammingDistance(subsets, z, y),
    (z, y) => z.filter((x, i) => x !== y[i]).length,
  ],
  ["exact match", (z, y) => exactMatch(subsets, z, y), (z, y) => Number(z.every((x, i) => x === y[i]))],
  ["subset precision", (z, y) => subsetPrecision(subsets, z, y), (z, y) => (total(z) > 0 ? dot(z, y) / total(z) : 0)],
];

for (const [name, metric, twin] of elementwise) {
  test(`${name}: one number an instance, by counting, without a gradient`, async () => {
    const { rows, size, z, y } = data(12, 10, 80);
    const states = engine.tensor(z, [3, 4, size], { requiresGrad: true });
    const values = metric(states, engine.tensor(y, [3, 4, size]));
    assert.equal([...values.shape], [3, 4]);
    assert.is(values.requiresGrad, false);
    const expected = Array.from({ length: rows }, (_, row) => twin(part(z, row, size), part(y, row, size)));
    expectClose(name, await values.read(), expected);
    assert.ok(new Set(expected).size > 1);
  });
}

test("regret: what a state costs too much, or scores too little; normalised by the sum of the optima", async () => {
  const { rows, size, z, y, weights } = data(9, 16, 81);
  for (const [solver, shape, sign] of [[subsets, [9, 16], 1], [paths, [9, 4, 4], -1]] as const) {
    const [states, truth, best] = [z, weights, y].map((values) => engine.tensor(values, shape));
    const expected = Array.from({ length: rows }, (_, row) => {
      const own = part(weights, row, size);
      return sign * (dot(own, part(y, row, size)) - dot(own, part(z, row, size)));
    });
    expectClose("regret", await regret(solver, states!, truth!, best!).read(), expected);
    const optimum = (row: number): number => Math.abs(dot(part(weights, row, size), part(y, row, size)));
    const optima = Array.from({ length: rows }, (_, row) => optimum(row));
    const normalised = await normalisedRegret(solver, states!, truth!, best!).item();
    expectClose("normalised", [normalised], [total(expected) / total(optima)], { absolute: 1e-5 });
  }
});

test("optimal-cost accuracy: other paths of the least cost are right, dearer and broken ones are not", async () => {
  // Two equally cheap ways around the middle.
  const costs = [1, 1, 1, 1, 9, 1, 1, 1, 1];
  const upper = [1, 1, 0, 0, 0, 1, 0, 0, 1];
  const lower = [1, 0, 0, 1, 0, 0, 0, 1, 1];
  const dearer = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const longer = [1, 1, 1, 0, 0, 1, 0, 0, 1];
  const broken = [1, 1, 0, 0, 0, 0, 0, 0, 1];
  const empty = new Array<number>(9).fill(0);
  const all = [upper, lower, dearer, longer, broken, empty];
  const tensorOf = (rows: readonly (readonly number[])[]): Tensor => engine.tensor(rows.flat(), [rows.length, 3, 3]);
  const repeated = tensorOf(all.map(() => costs));
  const best = solve(paths, repeated);
  const right = await optimalCostAccuracy(paths, tensorOf(all), repeated, best).read();
  assert.equal([...right], [1, 1, 0, 0, 0, 0]);
  const lenient = await optimalCostAccuracy(paths, tensorOf(all), repeated, best, { tolerance: 0.3 }).read();
  assert.equal([...lenient], [1, 1, 0, 1, 0, 0]);
});

test("optimal-cost accuracy: with inputs, and of random maps as the twin says", async () => {
  const random = randomSource(82);
  const [rows, size] = [30, 25];
  const kinds = [0.8, 1.2, 5.3];
  const costs = Float32Array.from({ length: rows * size }, () => kinds[randomWhole(random, 0, 2)]!);
  const learnt = costs.map((cost) => cost + 2 * random());
  const [truth, predicted] = [engine.tensor(costs, [rows, 5, 5]), engine.tensor(learnt, [rows, 5, 5])];
  const start = engine.tensor(new Int32Array(rows * 2).fill(1), [rows, 2]);
  const z = solve(paths, predicted, { start });
  const best = solve(paths, truth, { start });
  const right = await optimalCostAccuracy(paths, z, truth, best, { inputs: { start } }).read();
  const found = await z.read();
  const expected = Array.from({ length: rows }, (_, row) => {
    const own = part(costs, row, size);
    const { path } = dijkstraGridCpu(own, [5, 5], { start: [1, 1] });
    return Number(dot(own, part(found, row, size)) <= dot(own, path) * (1 + 1e-5));
  });
  assert.equal([...right], expected);
  assert.ok(expected.includes(0) && expected.includes(1), expected.join());
  // From the corner these paths do not begin where they should.
  const fromCorner = await optimalCostAccuracy(paths, z, truth, solve(paths, truth)).read();
  assert.equal(total([...fromCorner]), 0);
});

test("optimal-cost accuracy of scores: any best subset is right, one with too many is not", async () => {
  const theta = [[3, 2, 2, 2, 0]];
  const y = [[...topKCpu(theta[0]!, 3)]];
  const states = [[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [1, 1, 0, 0, 1], [1, 1, 1, 1, 0], [1, 1, 0, 0, 0]];
  const [weights, best] = [theta, y].map((rows) => engine.tensor(states.map(() => rows[0]!)));
  const right = await optimalCostAccuracy(subsets, engine.tensor(states), weights!, best!).read();
  assert.equal([...right], [1, 1, 0, 0, 0]);
});

test("bad input is refused with a fix, before anything is dispatched", () => {
  const [z, other] = [engine.zeros([2, 4]), engine.zeros([2, 5])];
  const whole = engine.zeros([2, 4], { dtype: "i32" });
  const before = engine.stats().dispatches;
  refused(() => exactMatch({} as never, z, z), "value", /the first argument must be a solver/);
  refused(() => hammingDistance(subsets, z, other), "shape", /y must have the weights' shape \[2, 4\], got \[2, 5\]/);
  refused(() => regret(subsets, z, whole, z), "dtype", /weights must be f32/);
  refused(() => regret(subsets, whole, z, z), "dtype", /must be f32/);
  refused(() => subsetPrecision(topK(7), z, z), "shape", /k must be/);
  refused(() => optimalCostAccuracy(subsets, z, z, z, { tolerence: 1 } as never), "value", /options must be among/);
  assert.is(engine.stats().dispatches, before);
});

test.run();
