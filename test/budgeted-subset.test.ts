import { budgetedSubset, solve } from "webgpu-imle";
import { budgetedSubsetCpu, checkSolver } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, lists } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";

const engine = await testEngine();
const test = suite("budgeted subset");

test("the twin's subset is the best of all within the budget", () => {
  for (const [n, k] of [[1, 0], [4, 2], [6, 3], [5, 9]] as const) {
    const masks = [...lists(n, 2)].filter((mask) => mask.reduce((sum, one) => sum + one, 0) <= k);
    expectOptimal("max", n, (weights) => budgetedSubsetCpu(weights, k), masks);
  }
});

for (const k of [3, 40]) {
  test(`at most ${k}: states are the twin's, by both strategies`, async () => {
    await checkSolver(budgetedSubset(k), {
      engine,
      oracle: ({ weights }) => budgetedSubsetCpu(weights, k),
      shapes: [[1], [3], [33], [101]],
      instances: 40,
    });
  });
}

test("nothing is taken where nothing is above 0", async () => {
  const weights = engine.tensor([[-1, 0, -0, -3e38], [0, 1, 0, -2]]);
  for (const strategy of ["lane", "workgroup"] as const) {
    for (const k of [3, 40]) {
      const z = await solve(budgetedSubset(k), weights, undefined, { strategy }).read();
      assert.equal([...z], [0, 0, 0, 0, 0, 1, 0, 0]);
    }
  }
});

test("a budget of 0 takes nothing", async () => {
  assert.equal([...(await solve(budgetedSubset(0), engine.ones([1, 3])).read())], [0, 0, 0]);
});

test("budgets that cannot be are refused", () => {
  for (const k of [-1, 1.5, NaN]) refused(() => budgetedSubset(k), "value", /k must be a whole number from 0/);
});

test.run();
