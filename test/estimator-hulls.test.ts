import { type Engine, regularisedFenchelYoung, regularisedFrankWolfe, type Solver, type SolverLoss, topK } from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow } from "./solvers/best-window.js";
import { cappedSimplex, nearestMixture } from "./support/closest.js";
import { testEngine } from "./support/engine.js";
import { differences, dot } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { checkLossSteps, n, rowOf, rows, runLayer } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { solveTwin, solverCases } from "./support/perturbed.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { total } from "./support/twins.js";

const engine: Engine = await testEngine();
const test = suite("estimators: points of a convex hull");

const windows = Array.from({ length: n - 2 }, (_, first) =>
  Array.from({ length: n }, (_, i) => Number(i >= first && i < first + 3)),
);

/** Problems whose exact best point is known in float64: subsets of three, and windows of three as costs. */
const problems: readonly { name: string; solver: Solver; sign: 1 | -1; project: (v: readonly number[]) => number[] }[] = [
  { name: "top 3", solver: topK(3), sign: 1, project: (v) => cappedSimplex(v, 3) },
  { name: "argmax", solver: topK(1), sign: 1, project: (v) => cappedSimplex(v, 1) },
  {
    name: "windows, costs",
    solver: bestWindow(3, "min"),
    sign: -1,
    project: (v) => nearestMixture(windows, v, "hull"),
  },
];

for (const { name, solver, sign, project } of problems) {
  for (const strength of [0.5, 3]) {
    // None of these is within a thousandth of a kink.
    const theta = randomNumbers(randomSource(141), rows * n);
    const pointOf = (own: readonly number[]): number[] => project(own.map((x) => (sign * x) / strength));

    test(`regularised Frank–Wolfe: the projection and its derivative (${name}, strength ${strength})`, async () => {
      const dx = randomNumbers(randomSource(132), rows * n);
      const layer = regularisedFrankWolfe(solver, { strength });
      const { z, gradient } = await runLayer(engine, layer, theta, dx, [rows, n]);
      const points = Array.from({ length: rows }, (_, row) => pointOf(rowOf(theta, row)));
      const slopes = points.map((_, row) => differences((x) => dot(pointOf(x), rowOf(dx, row)), rowOf(theta, row)));
      expectClose("point", z, points.flat(), { relative: 0, absolute: 2e-6 });
      expectClose("gradient", gradient, slopes.flat(), { relative: 0, absolute: 1e-4 });
      assert.ok(points.flat().filter((x) => x > 0.01 && x < 0.99).length >= 2 * rows, "the points are mixtures");
    });

    test(`regularised Fenchel–Young: value and gradient of the exact projection (${name}, strength ${strength})`, async () => {
      const y = Float32Array.from({ length: rows * n }, (_, i) => project(rowOf(theta, 0).map((_, j) => 100 * -j))[i % n]!);
      const leaf = engine.tensor(theta, [rows, n], { requiresGrad: true });
      const values = regularisedFenchelYoung(solver, { strength })(leaf, engine.tensor(y, [rows, n]));
      values.sum().backward();
      const [got, gradient] = [await values.read(), await leaf.grad!.read()];
      for (let row = 0; row < rows; row++) {
        const state = rowOf(y, row);
        const valueAt = (x: readonly number[]): number => {
          const point = pointOf(x);
          const part = (z: readonly number[]): number => sign * dot(x, z) - (strength / 2) * dot(z, z);
          return part(point) - part(state);
        };
        const own = rowOf(theta, row);
        expectClose("value", [got[row]!], [valueAt(own)], { relative: 1e-5, absolute: 1e-5 });
        const slopes = differences(valueAt, own);
        expectClose("gradient", gradient.subarray(row * n, row * n + n), slopes, { absolute: 1e-5 });
      }
    });
  }
}

test("regularised Frank–Wolfe: longer rows, of faces of many dimensions", async () => {
  const [batch, size, k, iterations] = [6, 60, 8, 40];
  const theta = randomNumbers(randomSource(133), batch * size);
  const dx = randomNumbers(randomSource(134), batch * size);
  for (const strength of [1, 3]) {
    const layer = regularisedFrankWolfe(topK(k), { strength, iterations });
    const { z, gradient } = await runLayer(engine, layer, theta, dx, [batch, size]);
    let tried = 0;
    for (let row = 0; row < batch; row++) {
      const own = rowOf(theta, row, size).map((x) => x / strength);
      const point = cappedSimplex(own, k);
      expectClose("point", z.subarray(row * size, row * size + size), point, { relative: 0, absolute: 5e-6 });
      const free = point.flatMap((x, i) => (x > 0 && x < 1 ? [i] : []));
      // Near a kink the derivative is that of the kink.
      const level = own[free[0]!]! - point[free[0]!]!;
      if (own.some((x) => Math.min(Math.abs(x - level), Math.abs(x - level - 1)) < 2e-3)) continue;
      const inner = rowOf(dx, row, size);
      const mean = total(free.map((i) => inner[i]!)) / free.length;
      const expected = inner.map((x, i) => (free.includes(i) ? (x - mean) / strength : 0));
      expectClose("gradient", gradient.subarray(row * size, row * size + size), expected, { relative: 0, absolute: 5e-3 });
      assert.ok(free.length > 8, `the face has many dimensions, got ${free.length}`);
      tried++;
    }
    assert.ok(tried >= 2, "rows that are not near a kink");
  }
});

test("regularised Frank–Wolfe: any number of iterations gives a point of the hull, and more come nearer", async () => {
  const [batch, size, k] = [8, 40, 5];
  const theta = randomNumbers(randomSource(135), batch * size);
  const distances: number[] = [];
  for (const iterations of [1, 3, 6, 12, 24]) {
    const layer = regularisedFrankWolfe(topK(k), { strength: 0.5, iterations });
    const { z } = await runLayer(engine, layer, theta, theta, [batch, size]);
    let distance = 0;
    for (let row = 0; row < batch; row++) {
      const point = rowOf(z, row, size);
      assert.ok(Math.abs(total(point) - k) < 1e-5 && point.every((x) => x > -1e-6 && x < 1 + 1e-6));
      const best = cappedSimplex(rowOf(theta, row, size).map((x) => 2 * x), k);
      distance += total(point.map((x, i) => (x - best[i]!) ** 2));
    }
    distances.push(distance);
  }
  assert.ok(distances.every((x, i) => i === 0 || x < Math.max(0.3 * distances[i - 1]!, 1e-9)), `distances ${distances}`);
  assert.ok(distances.at(-1)! < 1e-9, `distances ${distances}`);
});

test("regularised layer and loss: steps read nothing back and leave no memory; evaluations solve exactly", async () => {
  const theta = engine.uniform([16, 8], { requiresGrad: true });
  const y = engine.uniform([16, 8]);
  const layer = regularisedFrankWolfe(topK(2), { iterations: 5 });
  const loss: SolverLoss = regularisedFenchelYoung(topK(2), { iterations: 5 });
  await checkLossSteps(engine, loss, theta, y);
  // A layer as a loss.
  const distance = Object.assign((weights: typeof theta, z: typeof y) => layer(weights).sub(z).pow(2).sum(-1), {
    eval: () => distance,
    train: () => distance,
    kernelsFor: layer.kernelsFor,
  }) as unknown as SolverLoss;
  await checkLossSteps(engine, distance, theta, y);
  assert.is(loss.eval()(theta, y).requiresGrad, false);
  for (const one of solverCases) {
    const weights = randomNumbers(randomSource(136), rows * n);
    const states = regularisedFrankWolfe(one.solver).eval()(engine.tensor(weights, [rows, n]));
    const expected = Array.from({ length: rows }, (_, row) => solveTwin(one, rowOf(weights, row))).flat();
    assert.equal([...(await states.read())], expected);
  }
  const empty = regularisedFrankWolfe(topK(2))(engine.zeros([0, 8], { requiresGrad: true }));
  empty.sum().backward();
  assert.equal([...empty.shape], [0, 8]);
});

test("regularised layer and loss: bad options and shapes are refused with a fix", () => {
  const solver = topK(2);
  const [theta, other, whole] = [engine.zeros([3, 5]), engine.zeros([3, 4]), engine.zeros([3, 5], { dtype: "i32" })];
  const before = engine.stats().dispatches;
  for (const make of [regularisedFenchelYoung, regularisedFrankWolfe]) {
    refused(() => make({} as never), "value", /the first argument must be a solver/);
    refused(() => make(solver, { strength: 0 }), "value", /strength must be a number above 0/);
    refused(() => make(solver, { iterations: 0 }), "value", /iterations must be a whole number/);
    refused(() => make(solver, { steps: 3 } as never), "value", /options must be among strength/);
  }
  refused(() => regularisedFenchelYoung(solver)(theta, other), "shape", /must have the weights' shape/);
  refused(() => regularisedFrankWolfe(solver)(whole), "dtype", /must be f32/);
  assert.is(engine.stats().dispatches, before);
});

test.run();
