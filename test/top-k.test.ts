import { ImleError, solve, type Strategy, topK } from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();
const test = suite("top-k");
const strategies: readonly Strategy[] = ["lane", "workgroup"];

/** The masks of every row by the twin. */
function expected(weights: Float32Array, n: number, k: number): Float32Array {
  const rows = n === 0 ? 0 : weights.length / n;
  return Float32Array.from(
    Array.from({ length: rows }, (_, row) => [...topKCpu(weights.subarray(row * n, (row + 1) * n), k)]).flat(),
  );
}

for (const strategy of strategies) {
  test(`${strategy}: masks equal the twin's on random rows of many lengths, with many k`, async () => {
      const random = randomSource(1);
    for (const n of [1, 2, 3, 4, 5, 7, 8, 16, 31, 49, 64, 65, 100, 257, 350, 1000]) {
      for (const k of [...new Set([0, 1, 2, Math.ceil(n / 2), n - 1, n, randomWhole(random, 0, n)])]) {
        if (k > n) continue;
        const rows = randomWhole(random, 1, 5);
        const weights = randomNumbers(random, rows * n, -3, 3);
        const z = engine.scope(() => solve(topK(k), engine.tensor(weights, [rows, n]), undefined, { strategy }).keep());
        assert.equal(await z.read(), expected(weights, n, k), `n ${n}, k ${k}`);
        z.dispose();
      }
    }
  });

  test(`${strategy}: ties go to the lowest index, and there are exactly k ones`, async () => {
      const random = randomSource(2);
    for (const n of [5, 20, 64, 200, 999]) {
      const k = randomWhole(random, 1, n);
      const weights = Float32Array.from({ length: 4 * n }, () => randomWhole(random, -1, 1));
      const z = solve(topK(k), engine.tensor(weights, [4, n]), undefined, { strategy });
      const masks = await z.read();
      assert.equal(masks, expected(weights, n, k), `n ${n}, k ${k}`);
      for (let row = 0; row < 4; row++) {
        const ones = masks.subarray(row * n, (row + 1) * n).reduce((sum, one) => sum + one, 0);
        assert.is(ones, k);
      }
      z.dispose();
    }
  });

  test(`${strategy}: −0 equals +0, and very large weights of either sign are ordered`, async () => {
      const weights = new Float32Array([-0, 0, -0, -3.4e38, 3.4e38, -3.3e38, 3.2e38, 1e-30, -1e-30]);
    for (let k = 0; k <= weights.length; k++) {
      const z = solve(topK(k), engine.tensor(weights, [1, weights.length]), undefined, { strategy });
      assert.equal(await z.read(), expected(weights, weights.length, k), `k ${k}`);
      z.dispose();
    }
  });
}

test("the longest row on chip and longer ones are right", async () => {
  const random = randomSource(3);
  for (const [n, strategy] of [[3584, "workgroup"], [3584, "lane"], [5000, "lane"]] as const) {
    const weights = randomNumbers(random, 2 * n);
    const z = solve(topK(37), engine.tensor(weights, [2, n]), undefined, { strategy });
    assert.equal(await z.read(), expected(weights, n, 37), `n ${n} by ${strategy}`);
    z.dispose();
  }
});

test("any number of batch axes, none too, and empty batches", async () => {
  const weights = new Float32Array([3, 1, 2, 9, 8, 7, 1, 2, 3, 0, 0, 1]);
  const boxes = solve(topK(2), engine.tensor(weights, [2, 2, 3]));
  assert.equal(boxes.shape, [2, 2, 3]);
  assert.equal(await boxes.read(), expected(weights, 3, 2));
  const single = solve(topK(2), engine.tensor([1, 3, 2]));
  assert.equal(single.shape, [3]);
  assert.equal(await single.read(), new Float32Array([0, 1, 1]));
  assert.equal(solve(topK(2), engine.zeros([0, 3])).shape, [0, 3]);
  assert.equal(solve(topK(0), engine.zeros([2, 0])).shape, [2, 0]);
});

test("k that is no whole number from 0, or larger than a row, is refused before anything is recorded", async () => {
  for (const k of [-1, 1.5, NaN, Infinity, "3" as never]) {
    assert.throws(() => topK(k), (error: unknown) => error instanceof ImleError && error.code === "value");
  }
  const before = engine.stats().dispatches;
  const theta = engine.tensor([[1, 2, 3]]);
  assert.throws(
    () => solve(topK(4), theta),
    (error: unknown) =>
      error instanceof ImleError &&
      error.code === "shape" &&
      error.message === "topK: k must be in the range [0, 3], the length of the last axis, got 4",
  );
  assert.throws(
    () => solve(topK(1), engine.zeros([1, 4000]), undefined, { strategy: "workgroup" }),
    (error: unknown) => error instanceof ImleError && error.code === "limit",
  );
  assert.is(engine.stats().dispatches, before + 1, "only the zeros were made");
});

test.run();
