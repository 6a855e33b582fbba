import { givenNoise, ImleError, imle, noNoise, perturbAndMap, pid, solve, type Strategy, topK } from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";
import { byRow } from "./support/top-k.js";

const engine = await testEngine();
const test = suite("top-k");
const strategies: readonly Strategy[] = ["lane", "workgroup"];

/** The masks of every row by the twin. */
const expected = (weights: Float32Array, n: number, k: number, largest = true): Float32Array =>
  Float32Array.from(byRow(weights, n, (row) => topKCpu(row, k, largest)));

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

  test(`${strategy}: ties of few in a long row go to the lowest index, whatever lies beside them`, async () => {
    const weights = new Float32Array(512);
    weights.set([3], 7);
    weights.set([5, 3, 3], 300);
    weights.set([3, 4], 400);
    for (const k of [1, 2, 3, 4, 5, 8]) {
      const z = solve(topK(k), engine.tensor(weights, [1, 512]), undefined, { strategy });
      assert.equal(await z.read(), expected(weights, 512, k), `k ${k}`);
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

test("lane: rows whose sample misleads, sorted, reversed, of few values, with one far away", async () => {
  const random = randomSource(7);
  for (const n of [65, 350, 1000, 8192]) {
    // What is sampled are sixteen blocks of four, evenly spread.
    const blocks = Math.ceil(n / 4);
    const sampled = new Set(Array.from({ length: 16 }, (_, j) => Math.floor((j * blocks) / 16)));
    const isSampled = (i: number): boolean => sampled.has(i >> 2);
    const value = (): number => randomNumbers(random, 1, -3, 3)[0]!;
    const rows: readonly ((i: number) => number)[] = [
      (i) => (isSampled(i) ? 10 + value() : value()),
      (i) => (isSampled(i) ? -10 + value() : value()),
      (i) => i,
      (i) => -i,
      () => 1,
      (i) => (i % 97 === 0 ? 3e38 : i % 89 === 0 ? -3e38 : 1e-30 * value()),
      () => randomWhole(random, -2, 2),
    ];
    const weights = Float32Array.from({ length: rows.length * n }, (_, at) => rows[Math.floor(at / n)]!(at % n));
    for (const k of [33, Math.ceil(n / 10), Math.ceil(n / 2), n - 3]) {
      const z = engine.scope(() =>
        solve(topK(Math.max(k, 33)), engine.tensor(weights, [rows.length, n]), undefined, { strategy: "lane" }).keep(),
      );
      assert.equal(await z.read(), expected(weights, n, Math.max(k, 33)), `n ${n}, k ${k}`);
      z.dispose();
    }
  }
});

/** NaN of either sign, infinities, zeros, subnormal numbers, the largest ones, and two in the middle. */
const special = new Uint32Array([
  ...[0x7fc00000, 0xffc00001, 0x7f800001, 0x7f800000, 0xff800000, 0x00000000, 0x80000000, 0x00000001, 0x80000001],
  ...[0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff, 0x3f800000, 0xbf800000],
]);

for (const largest of [true, false]) {
  test(`${largest ? "the largest" : "the smallest"} by their bits: NaN last, infinities, subnormal numbers, ±0 equal`, async () => {
    const random = randomSource(4);
    // By all pairs, by a list, by radix selection of a lane, of a workgroup, and of long rows.
    const lengths: readonly (readonly [number, readonly number[], readonly Strategy[]])[] = [
      [20, [1, 4, 12, 18, 20], strategies],
      [92, [1, 6, 30], ["lane"]],
      [92, [1, 70, 92], strategies],
      [9000, [2, 2000, 8800], ["lane"]],
      [4000, [2, 3600], ["workgroup"]],
    ];
    for (const [n, ks, by] of lengths) {
      const bits = Uint32Array.from({ length: 2 * n }, () => special[randomWhole(random, 0, special.length - 1)]!);
      const weights = new Float32Array(bits.buffer);
      for (const k of ks) {
        for (const strategy of by) {
          const z = solve(topK(k, { largest }), engine.tensor(weights, [2, n]), undefined, { strategy });
          assert.equal(await z.read(), expected(weights, n, k, largest), `n ${n}, k ${k} by ${strategy}`);
          z.dispose();
        }
      }
    }
  });
}

test("the smallest are a solver that minimises: costs, under noise and with a gradient", async () => {
  const costs = engine.tensor([[3, -1, 2, 0.5]], { requiresGrad: true });
  const z = imle(topK(2, { largest: false }), { noise: noNoise(), target: pid({ lambda: 3 }) })(costs);
  assert.equal([...(await z.read())], [0, 1, 0, 1]);
  z.backward(engine.tensor([[0, 1, 0, 0]])); // the second is too dear: its cost rises to 2
  assert.equal([...(await costs.grad!.read())], [0, 0, 0, 0]);
  costs.grad = null;
  imle(topK(2, { largest: false }), { noise: noNoise(), target: pid({ lambda: 4 }) })(costs).backward(
    engine.tensor([[0, 1, 0, 0]]),
  );
  assert.equal([...(await costs.grad!.read())], [0, -1, 1, 0]);
  const noise = givenNoise(engine.tensor([[[0, -4, 0, 0]]])); // subtracted from costs
  assert.equal([...(await perturbAndMap(topK(2, { largest: false }), costs, { noise }).read())], [0, 0, 1, 1]);
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

test("one of the same k and direction is the same solver, so that a program may make it at each call", () => {
  assert.is(topK(3), topK(3, { largest: true }));
  assert.is.not(topK(3), topK(3, { largest: false }));
  assert.is.not(topK(3), topK(2));
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
  refused(() => topK(1, { largest: 1 as never }), "value", /topK: largest must be true or false, got 1/);
  refused(() => topK(1, { smallest: true } as never), "value", /topK: .*largest.* got smallest/);
  assert.is(engine.stats().dispatches, before);
});

test.run();
