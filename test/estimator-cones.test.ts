import { coneAlignedCosine, kSubsetNormals, solve, type SolverLoss, type Tensor, topK } from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow } from "./solvers/best-window.js";
import { nearestMixture } from "./support/closest.js";
import { testEngine } from "./support/engine.js";
import { differences, dot } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { checkLossSteps, rowOf } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { total } from "./support/twins.js";

const engine = await testEngine();
const test = suite("estimators: cones of normals");

const [rows, n, m] = [6, 5, 8];
const length = (v: readonly number[]): number => Math.sqrt(dot(v, v));
const unit = (v: readonly number[]): number[] => v.map((x) => x / Math.max(length(v), 1e-15));
const normalsOf = (normals: ArrayLike<number>, row: number): number[][] =>
  Array.from({ length: m }, (_, j) => rowOf(normals, row * m + j, n));

/** What weights are to be aligned with, in float64. */
function aimOf(projection: string, normals: readonly number[][], v: readonly number[], ratio: number): number[] {
  const present = normals.filter((a) => length(a) > 0).map(unit);
  const point = projection === "average" ? unit(v) : unit(nearestMixture(present, v, "cone"));
  if (projection === "exact") return point;
  const mean = v.map((_, i) => total(present.map((a) => a[i]!)) / present.length);
  return unit(point.map((x, i) => (1 - ratio) * x + ratio * mean[i]!));
}

/** Normals about a direction, some of them padding. */
function problem(seed: number): { theta: Float32Array<ArrayBuffer>; normals: Float32Array<ArrayBuffer> } {
  const random = randomSource(seed);
  const theta = randomNumbers(random, rows * n);
  const normals = randomNumbers(random, rows * m * n, -2, 2);
  normals.fill(0, 0, 2 * n);
  normals.fill(0, (m + 3) * n, (m + 4) * n);
  return { theta, normals };
}

for (const [name, solver, sign] of [["scores", topK(2), 1], ["costs", bestWindow(2, "min"), -1]] as const) {
  for (const projection of ["exact", "inner", "average"] as const) {
    test(`CaVE: value and gradient by the exact projection (${name}, ${projection})`, async () => {
      const { theta, normals } = problem(151);
      const ratio = 0.3;
      const weights = randomNumbers(randomSource(152), rows);
      const leaf = engine.tensor(theta, [rows, n], { requiresGrad: true });
      const loss = coneAlignedCosine(solver, { projection, innerRatio: ratio });
      const given = engine.tensor(normals, [rows, m, n]);
      const values = loss(leaf, given);
      assert.equal([...values.shape], [rows]);
      values.backward(engine.tensor(weights));
      const [got, gradient] = [await values.read(), await leaf.grad!.read()];
      for (let row = 0; row < rows; row++) {
        const own = rowOf(theta, row, n);
        const aim = (x: readonly number[]): number[] =>
          aimOf(projection, normalsOf(normals, row), x.map((value) => sign * value), ratio);
        const fixed = aim(own);
        // Of an exact projection the gradient is that of the value, with what it is aligned with moving along.
        const at = (x: readonly number[]): number =>
          1 - (sign * dot(x, projection === "exact" ? aim(x) : fixed)) / length(x);
        expectClose(`value of row ${row}`, [got[row]!], [at(own)], { absolute: 2e-6 });
        const slopes = differences(at, own).map((x) => x * weights[row]!);
        expectClose(`gradient of row ${row}`, gradient.subarray(row * n, row * n + n), slopes, { absolute: 2e-5, relative: 1e-5 });
      }
      assert.ok(gradient.some((x) => Math.abs(x) > 0.01));
      const exact = loss.eval()(leaf, given);
      assert.is(exact.requiresGrad, false);
      assert.equal(await exact.read(), got);
    });
  }
}

test("CaVE: an inner projection of fewer steps is of the cone, and no nearer", async () => {
  const { theta, normals } = problem(153);
  const [leaf, given] = [engine.tensor(theta, [rows, n]), engine.tensor(normals, [rows, m, n])];
  const losses = await Promise.all(
    [1, 2, 3, 20].map(async (iterations) => coneAlignedCosine(topK(2), { iterations })(leaf, given).read()),
  );
  losses.forEach((own, i) => own.forEach((value, row) => assert.ok(value >= losses.at(-1)![row]! - 1e-6, `${i}, ${row}`)));
  assert.ok(losses[0]!.some((value, row) => value > losses.at(-1)![row]! + 0.01), "one normal is not enough");
});

test("CaVE on k-subsets: 0 where the state is the best one, else by the threshold that moves least", async () => {
  const [batch, size, k] = [5, 30, 6];
  const truth = engine.tensor(randomNumbers(randomSource(154), batch * size), [batch, size]);
  const states = solve(topK(k), truth);
  const normals = kSubsetNormals(states);
  assert.equal([...normals.shape], [batch, size + 2, size]);
  const loss = coneAlignedCosine(topK(k), { iterations: 60 });
  expectClose("losses of the truth", await loss(truth, normals).read(), new Array(batch).fill(0), { absolute: 2e-6 });
  const theta = randomNumbers(randomSource(155), batch * size);
  const got = await loss(engine.tensor(theta, [batch, size]), normals).read();
  const chosen = await states.read();
  for (let row = 0; row < batch; row++) {
    const [own, state] = [rowOf(theta, row, size), rowOf(chosen, row, size)];
    // In the cone is what has the chosen from μ up and the rest up to it; the squares are convex in μ.
    const moved = (mu: number): number =>
      total(own.map((x, i) => (state[i] === 1 ? Math.max(mu - x, 0) : Math.max(x - mu, 0)) ** 2));
    let [low, high] = [-2, 2];
    for (let i = 0; i < 100; i++) {
      const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
      if (moved(a) < moved(b)) high = b;
      else low = a;
    }
    const square = dot(own, own);
    expectClose("loss", [got[row]!], [1 - Math.sqrt((square - moved(low)) / square)], { absolute: 5e-6 });
  }
});

test("CaVE: with nothing of the weights in the cone, or no normals, the loss is 1 and has no gradient", async () => {
  const leaf = engine.tensor([[1, 0, 0], [1, 2, 3], [0, 0, 0]], { requiresGrad: true });
  const normals = engine.tensor([[[-1, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0]]]);
  const values = coneAlignedCosine(topK(1))(leaf, normals);
  values.sum().backward();
  assert.equal([...(await values.read())], [1, 1, 1]);
  assert.equal([...(await leaf.grad!.read()).subarray(0, 6)], [0, 0, 0, 0, 0, 0]);
  assert.ok((await leaf.grad!.read()).every(Number.isFinite));
});

test("CaVE: steps read nothing back and leave no memory", async () => {
  const theta = engine.uniform([16, 8], { requiresGrad: true });
  const normals = kSubsetNormals(solve(topK(2), engine.uniform([16, 8])));
  for (const projection of ["exact", "inner", "average"] as const) {
    const loss = coneAlignedCosine(topK(2), { projection, iterations: 5 });
    await checkLossSteps(engine, loss as unknown as SolverLoss, theta, normals);
  }
});

test("CaVE: bad options and normals are refused with a fix, before anything is dispatched", () => {
  const solver = topK(2);
  const theta = engine.zeros([3, 5]);
  const shapes: readonly Tensor[] = [[3, 4], [3, 2, 4], [2, 2, 5], [2, 5], [3, 0, 5]].map((shape) => engine.zeros(shape));
  const whole = engine.zeros([3, 2, 5], { dtype: "i32" });
  const scalar = engine.zeros([]);
  const before = engine.stats().dispatches;
  refused(() => coneAlignedCosine({} as never), "value", /the first argument must be a solver/);
  refused(() => coneAlignedCosine(solver, { innerRatio: 2 }), "value", /innerRatio must be a number from 0 to 1/);
  refused(() => coneAlignedCosine(solver, { iterations: 0 }), "value", /iterations must be a whole number from 1/);
  refused(() => coneAlignedCosine(solver, { projection: "outer" as never }), "value", /projection must be/);
  refused(() => coneAlignedCosine(solver, { ratio: 1 } as never), "value", /options must be among/);
  for (const normals of shapes) {
    refused(() => coneAlignedCosine(solver)(theta, normals), "shape", /the normals must be \[...batch, normals, ...instance\]/);
  }
  refused(() => coneAlignedCosine(solver)(theta, whole), "dtype", /the normals must be f32/);
  refused(() => kSubsetNormals(whole), "dtype", /must be f32/);
  refused(() => kSubsetNormals(scalar), "shape", /the states must be/);
  assert.is(engine.stats().dispatches, before);
});

test.run();
