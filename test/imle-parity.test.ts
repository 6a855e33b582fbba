/**
 * Where public implementations of I-MLE and its relatives differ from what is right, the side that is taken here. Each
 * test states its oracle. The other differences are shown where the thing itself is tested: exactly k ones on ties in
 * top-k, predecessors by hops on grids, cumulants of Sum-of-Gamma noise in the tests of its law.
 */

import {
  adaptive,
  dijkstraGrid,
  exactMatch,
  fenchelYoung,
  givenNoise,
  imle,
  knapsack,
  optimalCostAccuracy,
  pid,
  regret,
  type Solver,
  type SolverInputs,
  solve,
  sumOfGamma,
  topK,
} from "webgpu-imle";
import { dijkstraGridCpu, knapsackCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow } from "./solvers/best-window.js";
import { testEngine } from "./support/engine.js";
import { dot } from "./support/enumeration.js";
import { rowOf } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";
import { softmaxRow } from "./support/twins.js";

const engine = await testEngine();
const test = suite("parity of I-MLE");
const { fround } = Math;

test("skewed noise is subtracted from costs: argmin(c − Gumbel) is softmax(−c), as argmin(c + Gumbel) is not", async () => {
  const costs = [0.2, 0.9, 1.4, 0.5];
  const samples = 40_000;
  const noise = sumOfGamma({ kappa: 1, iterations: Infinity });
  const shares = await imle(bestWindow(1, "min"), { noise, samples })(engine.tensor([costs])).read();
  const expected = softmaxRow(costs.map((cost) => -cost));
  const deviation = Math.sqrt(0.25 / samples);
  expected.forEach((p, i) => assert.ok(Math.abs(shares[i]! - p) < 4.5 * deviation, `${i}: ${shares[i]} for ${p}`));
});

test("Sum-of-Gamma has the scale κ/i: mean and variance of draws are those of the definition, not κ² times them", async () => {
  const [kappa, s, count] = [5, 10, 2 ** 16];
  const draws = await sumOfGamma({ kappa, iterations: s }).sample(engine, [count]).read();
  const power = (p: number): number => Array.from({ length: s }, (_, i) => (i + 1) ** -p).reduce((a, b) => a + b);
  const [mean, variance] = [(power(1) - Math.log(s)) / kappa, power(2) / kappa];
  const found = draws.reduce((sum, x) => sum + x, 0) / count;
  const spread = draws.reduce((sum, x) => sum + (x - found) ** 2, 0) / count;
  assert.ok(Math.abs(found - mean) < 5 * Math.sqrt(variance / count), `${found} for ${mean}`);
  assert.ok(Math.abs(spread / variance - 1) < 0.05, `${spread} for ${variance}`);
});

test("a tie has exactly k ones, of the lowest index, in either pass (oracle: plain sorting by value and index)", async () => {
  const theta = [[1, 1, 1, 1, 1, 1], [0, 2, 2, 2, 2, 0]];
  const dz = [[0, 0, 0, 0, 0, 0], [0, 2, 2, 2, 2, 0]];
  const leaf = engine.tensor(theta, { requiresGrad: true });
  const z = imle(topK(3), { temperature: 0, target: pid({ lambda: 1 }) })(leaf);
  z.backward(engine.tensor(dz));
  assert.equal([...(await z.read())], [1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0]);
  // θ′ of the second row is 0 throughout: its first three.
  assert.equal([...(await leaf.grad!.read())], [0, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0]);
});

test("costs that noise, or the target, moves below zero are clamped in both passes (oracle: Dijkstra of clamped costs)", async () => {
  const [rows, side, samples, lambda] = [6, 5, 3, 2];
  const size = side * side;
  const random = randomSource(141);
  const costs = randomNumbers(random, rows * size, 0, 1);
  const noise = randomNumbers(random, rows * samples * size);
  const dz = randomNumbers(random, rows * size);
  const leaf = engine.tensor(costs, [rows, side, side], { requiresGrad: true });
  const given = givenNoise(engine.tensor(noise, [rows, samples, side, side]));
  const z = imle(dijkstraGrid(), { noise: given, samples, target: pid({ lambda }) })(leaf);
  z.backward(engine.tensor(dz, [rows, side, side]));
  const [means, gradient] = [await z.read(), await leaf.grad!.read()];
  let negative = 0;
  for (let row = 0; row < rows; row++) {
    const [mean, slope] = [new Float64Array(size), new Float64Array(size)];
    for (let s = 0; s < samples; s++) {
      const draws = rowOf(noise, row * samples + s, size);
      const pathOf = (base: (i: number) => number): Int32Array => {
        const perturbed = Float32Array.from(draws, (x, i) => fround(base(row * size + i) - x));
        negative += perturbed.filter((cost) => cost < 0).length;
        return dijkstraGridCpu(perturbed.map((cost) => Math.max(cost, 0)), [side, side]).path;
      };
      const [path, towards] = [pathOf((i) => costs[i]!), pathOf((i) => fround(costs[i]! + fround(lambda * dz[i]!)))];
      path.forEach((one, i) => {
        mean[i]! += one / samples;
        slope[i]! += (towards[i]! - one) / samples;
      });
    }
    expectClose("mean path", rowOf(means, row, size), mean);
    expectClose("gradient", rowOf(gradient, row, size), slope);
  }
  assert.ok(negative > 100);
});

test("where costs are 0, or vanish in rounding, paths of both passes are simple ones (oracle: the twin's, by hops)", async () => {
  const [rows, side] = [8, 6];
  const size = side * side;
  const random = randomSource(142);
  const costs = Float32Array.from({ length: rows * size }, () => [0, 1e-6, 1e6][randomWhole(random, 0, 2)]!);
  const dz = Float32Array.from({ length: rows * size }, () => [0, 1e-6, 1e6][randomWhole(random, 0, 2)]!);
  const leaf = engine.tensor(costs, [rows, side, side], { requiresGrad: true });
  const z = imle(dijkstraGrid(), { temperature: 0 })(leaf);
  z.backward(engine.tensor(dz, [rows, side, side]));
  const [paths, gradient] = [await z.read(), await leaf.grad!.read()];
  for (let row = 0; row < rows; row++) {
    const own = rowOf(costs, row, size);
    const { path } = dijkstraGridCpu(own, [side, side]);
    const moved = dijkstraGridCpu(own.map((cost, i) => fround(cost + dz[row * size + i]!)), [side, side]).path;
    assert.equal(rowOf(paths, row, size), [...path]);
    assert.equal(rowOf(gradient, row, size), Array.from(path, (one, i) => moved[i]! - one));
  }
});

test("regret is each instance's own, and accuracy counts every cheapest path (oracle: sums in float64)", async () => {
  const costs = [[1, 1, 1, 1, 1, 1], [1, 9, 1, 1, 1, 1], [2, 2, 2, 3, 3, 3]];
  const paths = [[1, 1, 0, 0, 0, 1], [1, 1, 0, 0, 0, 1], [1, 0, 0, 0, 1, 1]];
  const [weights, z] = [costs, paths].map((values) => engine.tensor(values.flat(), [3, 2, 3]));
  const solver = dijkstraGrid();
  const best = solve(solver, weights!);
  const states = await best.read();
  const expected = costs.map((own, row) => dot(own, paths[row]!) - dot(own, rowOf(states, row, 6)));
  expectClose("regret", await regret(solver, z!, weights!, best).read(), expected);
  assert.equal(expected, [0, 8, 1]);
  assert.equal([...(await optimalCostAccuracy(solver, z!, weights!, best).read())], [1, 0, 0]);
  const lower = engine.tensor([1, 0, 0, 0, 1, 1], [1, 2, 3]);
  const [same, upper] = [engine.ones([1, 2, 3]), engine.tensor(paths[0]!, [1, 2, 3])];
  assert.equal([...(await exactMatch(solver, lower, upper).read())], [0]);
  assert.equal([...(await optimalCostAccuracy(solver, lower, same, upper).read())], [1]);
});

test("the Fenchel–Young loss is a value, whose differences are its gradient (oracle: central differences of it)", async () => {
  const loss = fenchelYoung(topK(2), { samples: 2000, stream: 451 });
  const y = engine.tensor([[1, 0, 1, 0, 0]]);
  const theta = [0.3, -0.2, 0.1, 0.4, 0];
  const step = 0.05;
  const valueAt = async (x: readonly number[]): Promise<number> =>
    loss(engine.tensor([[...x]]), y, {}, { call: 0 }).item();
  const leaf = engine.tensor([theta], { requiresGrad: true });
  loss(leaf, y, {}, { call: 0 }).sum().backward();
  const gradient = await leaf.grad!.read();
  for (let i = 0; i < theta.length; i++) {
    const moved = (by: number): number[] => theta.map((x, j) => (i === j ? x + by : x));
    const slope = ((await valueAt(moved(step))) - (await valueAt(moved(-step)))) / (2 * step);
    // The slope changes by the share of samples that change their state within a step.
    assert.ok(Math.abs(slope - gradient[i]!) < 0.02, `${i}: ${slope} for ${gradient[i]}`);
  }
});

interface InputCase {
  readonly name: string;
  readonly solver: Solver;
  readonly shape: readonly number[];
  readonly inputs: SolverInputs;
  readonly stateOf: (weights: Float32Array, row: number) => ArrayLike<number>;
}

const rows = 7;
const random = randomSource(143);
const capacities = Int32Array.from({ length: rows }, (_, row) => row);
const side = 4;
const obstacles = Float32Array.from({ length: rows * side * side }, (_, i) => {
  const cell = i % (side * side);
  return cell === 0 || cell === side * side - 1 ? 0 : Number(random() < 0.2);
});

const inputCases: readonly InputCase[] = [
  {
    // Of items of size 1, a capacity of its own is a k of its own, of positive weights.
    name: "a k for each row",
    solver: knapsack({ capacity: rows }),
    shape: [rows, 10],
    inputs: {
      sizes: engine.ones([10], { dtype: "i32" }),
      capacity: engine.tensor(capacities),
    },
    stateOf: (weights, row) => knapsackCpu(weights, new Array<number>(10).fill(1), capacities[row]!),
  },
  {
    name: "a mask for each grid",
    solver: dijkstraGrid(),
    shape: [rows, side, side],
    inputs: { obstacles: engine.tensor(obstacles, [rows, side, side]) },
    stateOf: (weights, row) =>
      dijkstraGridCpu(weights, [side, side], { obstacles: rowOf(obstacles, row, side * side) }).path,
  },
];

for (const { name, solver, shape, inputs, stateOf } of inputCases) {
  test(`inputs of a solver reach both passes: ${name} (oracle: the twin, row by row)`, async () => {
    const size = shape.slice(1).reduce((a, b) => a * b, 1);
    const theta = randomNumbers(random, rows * size, 0.1, 1);
    const dz = randomNumbers(random, rows * size, -0.1, 0.1);
    const leaf = engine.tensor(theta, shape, { requiresGrad: true });
    const z = imle(solver, { temperature: 0, target: pid({ lambda: 4 }) })(leaf, inputs);
    z.backward(engine.tensor(dz, shape));
    const [states, gradient] = [await z.read(), await leaf.grad!.read()];
    const sign = solver.sense === "max" ? 1 : -1;
    for (let row = 0; row < rows; row++) {
      const own = Float32Array.from(rowOf(theta, row, size));
      const moved = own.map((x, i) => fround(x - fround(sign * fround(4 * dz[row * size + i]!))));
      const [state, towards] = [stateOf(own, row), stateOf(moved, row)];
      assert.equal(rowOf(states, row, size), Array.from(state));
      assert.equal(rowOf(gradient, row, size), Array.from(state, (one, i) => sign * (one - towards[i]!) + 0));
    }
    assert.ok(gradient.some((x) => x !== 0));
  });
}

test("adaptive counts θ once, not once a sample, and reads no norm back (oracle: λ = β‖θ‖/‖∂L/∂z‖ in float64)", async () => {
  const [samples, beta] = [16, 0.3];
  const [theta, dz] = [randomNumbers(random, 40), randomNumbers(random, 40)];
  const target = adaptive({ beta });
  const leaf = engine.tensor(theta, [4, 10], { requiresGrad: true });
  const before = engine.stats().readbacks;
  imle(topK(3), { samples, target })(leaf).backward(engine.tensor(dz, [4, 10]));
  assert.is(engine.stats().readbacks, before);
  const norm = (values: Float32Array): number => Math.sqrt(dot(values, values));
  const lambda = (await target.state(engine).values.read())[3]!;
  assert.ok(Math.abs(lambda / ((beta * norm(theta)) / norm(dz)) - 1) < 1e-5, `λ ${lambda}`);
});

test.run();
