import { categorical, gumbel, imle, perturbAndMap, solve } from "webgpu-imle";
import { categoricalCpu, checkSolver } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";

const engine = await testEngine();
const test = suite("categorical");

test("the twin takes the largest weight", () => {
  for (const n of [1, 2, 5]) {
    const masks = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => Number(i === j)));
    expectOptimal("max", n, categoricalCpu, masks);
  }
});

test("states are the twin's for every length, by both strategies", async () => {
  const shapes = [1, 2, 3, 4, 5, 7, 8, 33, 64, 101, 257, 1000, 1025].map((n) => [n]);
  await checkSolver(categorical(), { engine, oracle: ({ weights }) => categoricalCpu(weights), shapes });
});

test("weights below the neutral value are chosen where all are", async () => {
  const weights = engine.tensor([[-3.3e38, -3.2e38, -3.3e38]]);
  for (const strategy of ["lane", "workgroup"] as const) {
    assert.equal([...(await solve(categorical(), weights, undefined, { strategy }).read())], [0, 1, 0]);
  }
});

test("a long row is solved by both strategies", async () => {
  const n = 250_000;
  const weights = Float32Array.from({ length: n }, (_, i) => (i * 7919) % 250_007);
  const best = weights.indexOf(weights.reduce((a, b) => Math.max(a, b)));
  for (const strategy of ["lane", "workgroup"] as const) {
    const z = await solve(categorical(), engine.tensor(weights, [1, n]), undefined, { strategy }).read();
    assert.is(z.indexOf(1), best);
    assert.is(z.reduce((sum, value) => sum + value, 0), 1);
  }
});

test("under Gumbel noise the samples are those of softmax(θ)", async () => {
  const theta = [0, 1, 2, -1];
  const samples = 20_000;
  const counts = await perturbAndMap(categorical(), engine.tensor([theta]), { noise: gumbel(), samples, output: "counts" }).read();
  const total = theta.reduce((sum, t) => sum + Math.exp(t), 0);
  theta.forEach((t, i) => {
    const p = Math.exp(t) / total;
    // Five standard deviations of a binomial count.
    assert.ok(Math.abs(counts[i]! - samples * p) < 5 * Math.sqrt(samples * p * (1 - p)), `${i}: ${counts[i]}`);
  });
});

test("it is a layer with a gradient of the weights' shape, which sums to 0 in every row", async () => {
  const theta = engine.tensor([[1, 2, 3], [3, 2, 1]], { requiresGrad: true });
  imle(categorical(), { samples: 50 })(theta).mul(engine.tensor([1, 0, -1])).sum().backward();
  const gradient = await theta.grad!.read();
  assert.equal(theta.grad!.shape, [2, 3]);
  for (const row of [0, 1]) assert.ok(Math.abs(gradient.slice(3 * row, 3 * row + 3).reduce((a, b) => a + b, 0)) < 1e-6);
  assert.ok(gradient[0]! > 0 && gradient[2]! < 0, "what the loss dislikes goes down");
});

test("rows without weights are refused", () => {
  refused(() => solve(categorical(), engine.zeros([2, 0])), "shape", /must have a weight at least, got 0/);
});

test.run();
