import {
  blackbox,
  fenchelYoung,
  givenNoise,
  gumbel,
  imle,
  noNoise,
  perturbAndMap,
  pid,
  solve,
  sumOfGamma,
  topK,
} from "webgpu-imle";
import { checkSolver, topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { byRow, maskBySorting } from "./support/top-k.js";

const engine = await testEngine({ debug: false });
const test = suite("top-k of long rows");

async function expectMasks(weights: Float32Array<ArrayBuffer>, n: number, k: number, strategy: "lane" | "workgroup", what = "") {
  await scoped(engine, async () => {
    const z = await solve(topK(k), engine.tensor(weights, [weights.length / n, n]), undefined, { strategy }).read();
    const expected = byRow(weights, n, (row) => maskBySorting(row, k));
    const wrong = z.findIndex((one, i) => one !== expected[i]);
    assert.is(wrong, -1, `n ${n}, k ${k} by ${strategy}${what}: the first wrong place`);
  });
}

test("the largest rows are those of a sort, with few, some, half and all chosen", async () => {
  const random = randomSource(4);
  const n = 2 ** 20;
  const weights = randomNumbers(random, n, -3, 3);
  for (const k of [1000, n / 2]) await expectMasks(weights, n, k, "lane");
  await expectMasks(weights, n, 1000, "workgroup");
});

for (const strategy of ["lane", "workgroup"] as const) {
  test(`${strategy}: sorted, reversed, constant, few values, lengths around those where kernels change`, async () => {
    const random = randomSource(5);
    const shortest = strategy === "lane" ? 8192 : 3584;
    for (const [n, k] of [[shortest, 40], [shortest + 1, 3], [shortest + 1, 2500], [20_003, 100]] as const) {
      const rows = [
        randomNumbers(random, n),
        Float32Array.from({ length: n }, (_, i) => i),
        Float32Array.from({ length: n }, (_, i) => -i),
        new Float32Array(n).fill(-1.5),
        Float32Array.from({ length: n }, () => Math.floor(3 * random())),
      ];
      const weights = new Float32Array(rows.length * n);
      rows.forEach((row, i) => weights.set(row, i * n));
      await expectMasks(weights, n, k, strategy);
    }
  });

  test(`${strategy}: nothing and everything`, async () => {
    const n = 9001;
    const weights = randomNumbers(randomSource(6), n);
    for (const k of [0, n - 1, n]) await expectMasks(weights, n, k, strategy);
  });

  test(`${strategy}: under noise as if it had been added before, in batches, again and again`, async () => {
    await scoped(engine, async () => {
      const [n, samples] = [9000, 2];
      const random = randomSource(7);
      const [theta, noise] = [randomNumbers(random, 2 * n), randomNumbers(random, 2 * samples * n)];
      const given = givenNoise(engine.tensor(noise, [2, samples, n]));
      const options = { noise: given, samples, temperature: 0.5, output: "samples", strategy } as const;
      for (const k of [20, 2000]) {
        const z = await perturbAndMap(topK(k), engine.tensor(theta, [2, n]), options).read();
        for (let draw = 0; draw < 2 * samples; draw++) {
          const row = theta.subarray(Math.floor(draw / samples) * n).slice(0, n);
          const perturbed = row.map((weight, i) => weight + 0.5 * noise[draw * n + i]!);
          assert.equal([...z.subarray(draw * n, (draw + 1) * n)], [...maskBySorting(perturbed, k)], `k ${k}, draw ${draw}`);
        }
      }
    });
  });
}

test("checkSolver finds nothing, by both strategies", async () => {
  for (const [k, n] of [[30, 9000], [700, 8500]] as const) {
    await checkSolver(topK(k), { engine, oracle: ({ weights }) => topKCpu(weights, k), shapes: [[n]], instances: 2 });
  }
});

test("it trains: the gradient of I-MLE is the difference of two masks", async () => {
  await scoped(engine, async () => {
    const [n, k] = [10_000, 30];
    const random = randomSource(8);
    const [weights, slope] = [randomNumbers(random, 2 * n), randomNumbers(random, 2 * n)];
    const theta = engine.tensor(weights, [2, n], { requiresGrad: true });
    const gradient = engine.tensor(slope, [2, n]);
    const moved = weights.map((weight, i) => weight - 2 * slope[i]!);
    const [before, after] = [weights, moved].map((all) => byRow(all, n, (row) => maskBySorting(row, k)));
    const options = { noise: noNoise(), target: pid({ alpha: 1, lambda: 2 }) };
    for (const [layer, scale] of [
      [imle(topK(k), options), 1],
      [imle(topK(k), { ...options, samples: 3 }), 1],
      [blackbox(topK(k), { lambda: 2 }), 0.5],
    ] as const) {
      const z = layer(theta);
      assert.equal([...(await z.read())], before);
      z.backward(gradient);
      const differences = before!.map((one, i) => scale * (one - after![i]!));
      assert.equal([...(await theta.grad!.read())], differences);
      theta.grad = null;
    }
  });
});

test("marginals and losses under noise choose k in every sample", async () => {
  await scoped(engine, async () => {
    const [n, k] = [9000, 25];
    const theta = engine.tensor(randomNumbers(randomSource(9), n), [1, n], { requiresGrad: true });
    const z = imle(topK(k), { noise: sumOfGamma({ kappa: k }), samples: 4 })(theta);
    const mean = await z.read();
    assert.ok(Math.abs(mean.reduce((sum, one) => sum + one, 0) - k) < 1e-3);
    assert.ok(mean.every((one) => Number.isInteger(4 * one)));
    const target = solve(topK(k), engine.uniform([1, n]));
    const loss = fenchelYoung(topK(k), { noise: gumbel(), samples: 2 })(theta, target);
    loss.sum().backward();
    const gradient = await theta.grad!.read();
    assert.ok(Math.abs(gradient.reduce((sum, one) => sum + one, 0)) < 1e-3);
    assert.ok(gradient.some((one) => one !== 0));
  });
});

test("rows longer than 2²⁰ are refused before anything is recorded", () => {
  const weights = engine.zeros([2 ** 20 + 1]);
  const before = engine.stats().dispatches;
  refused(() => solve(topK(1), weights), "limit", /topK: a row must have at most 1048576 weights, got 1048577/);
  assert.is(engine.stats().dispatches, before);
});

test("a million rows, more than one dimension of a dispatch has workgroups", async () => {
  const [rows, n, k] = [1_000_000, 5, 2];
  const weights = randomNumbers(randomSource(10), rows * n);
  const isChosen = (row: number, i: number): boolean => {
    let before = 0;
    for (let j = 0; j < n; j++) {
      const ahead = weights[row + j]! - weights[row + i]!;
      if (ahead > 0 || (ahead === 0 && j < i)) before++;
    }
    return before < k;
  };
  await scoped(engine, async () => {
    const z = await solve(topK(k), engine.tensor(weights, [rows, n])).read();
    const wrong = z.findIndex((one, place) => (one === 1) !== isChosen(place - (place % n), place % n));
    assert.is(wrong, -1);
  });
});

test.run();
