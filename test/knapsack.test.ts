import { knapsack, perturbAndMap, gumbel, solve } from "webgpu-imle";
import { checkSolver, knapsackCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, lists } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();
const test = suite("knapsack");
const whole = (numbers: readonly number[], shape: readonly number[]) => engine.tensor(numbers, shape, { dtype: "i32" });

test("the twin's choice is the best of all that fit", () => {
  const random = randomSource(1);
  for (const [n, capacity] of [[1, 0], [1, 3], [4, 5], [8, 12]] as const) {
    const sizes = Array.from({ length: n }, () => randomWhole(random, 0, 6));
    const fitting = [...lists(n, 2)].filter((mask) => mask.reduce((sum, taken, i) => sum + taken * sizes[i]!, 0) <= capacity);
    expectOptimal("max", n, (values) => knapsackCpu(values, sizes, capacity), fitting);
  }
});

for (const capacity of [0, 31, 32, 100]) {
  test(`states are the twin's, by both strategies, with capacities up to ${capacity}`, async () => {
    await checkSolver(knapsack({ capacity }), {
      engine,
      shapes: [[1], [2], [5], [16], [33]],
      instances: 60,
      inputs: (random, [n]) => ({
        sizes: Array.from({ length: n! }, () => Math.floor(random() * (random() < 0.2 ? 2 : 0.6) * (capacity + 2))),
        capacity: [Math.floor(random() * (capacity + 1))],
      }),
      oracle: ({ weights, inputs }) => knapsackCpu(weights, inputs["sizes"]!, inputs["capacity"]![0]!),
      feasible: (state, { inputs }) =>
        state.reduce((sum, taken, i) => sum + taken * inputs["sizes"]![i]!, 0) <= inputs["capacity"]![0]!,
    });
  });
}

test("sizes may be shared by all instances, and the capacity left out", async () => {
  const sizes = [3, 4, 5, 6];
  const values = randomNumbers(randomSource(2), 40, 0, 1);
  const z = await solve(knapsack({ capacity: 9 }), engine.tensor(values, [10, 4]), { sizes: whole(sizes, [4]) }).read();
  for (let row = 0; row < 10; row++) {
    const own = knapsackCpu(values.subarray(4 * row, 4 * row + 4), sizes, 9);
    assert.equal([...z.slice(4 * row, 4 * row + 4)], [...own]);
  }
});

test("large capacities are for lanes as far as loops go, then for workgroups", async () => {
  const [n, capacity] = [40, 2047] as const;
  const random = randomSource(3);
  const sizes = Array.from({ length: n }, () => randomWhole(random, 1, 300));
  const values = randomNumbers(random, n, 0, 1);
  for (const strategy of ["lane", "workgroup"] as const) {
    const given = { sizes: whole(sizes, [1, n]) };
    const z = await solve(knapsack({ capacity }), engine.tensor(values, [1, n]), given, { strategy }).read();
    assert.equal(z, Float32Array.from(knapsackCpu(values, sizes, capacity)), strategy);
  }
  const given = { sizes: whole(Array(2).fill(1), [1, 2]) };
  refused(() => solve(knapsack({ capacity: 2 ** 20 }), engine.zeros([1, 2]), given), "limit", /must fit a strategy/);
});

test("every sample of a perturbed solve fits the capacity", async () => {
  const sizes = [5, 4, 3, 2, 1];
  const states = await perturbAndMap(knapsack({ capacity: 6 }), engine.zeros([3, 5]), {
    inputs: { sizes: whole(sizes, [5]) },
    noise: gumbel(),
    samples: 20,
    output: "samples",
  }).read();
  for (let row = 0; row < 60; row++) {
    const total = sizes.reduce((sum, size, i) => sum + size * states[5 * row + i]!, 0);
    assert.ok(total <= 6);
  }
  assert.ok(new Set(states).size === 2);
});

test("capacities and sizes that cannot be are refused, or reported by the device", async () => {
  for (const capacity of [3.5, -1, Infinity, "9" as never]) {
    refused(() => knapsack({ capacity }), "value", /capacity must be a whole number from 0/);
  }
  const values = engine.ones([2, 3]);
  refused(() => solve(knapsack({ capacity: 3 }), values), "value", /must be given the input sizes/);
  refused(() => solve(knapsack({ capacity: 3 }), values, { sizes: engine.ones([2, 3]) }), "dtype", /sizes must be i32, got f32/);
  refused(() => solve(knapsack({ capacity: 3 }), values, { sizes: whole([1, 1], [2]) }), "shape", /sizes must have the shape \[2, 3\], or \[3\]/);
  const sizes = whole([1, 1, 1, 1, -1, 1], [2, 3]);
  for (const strategy of ["lane", "workgroup"] as const) {
    const negative = solve(knapsack({ capacity: 3 }), values, { sizes }, { strategy });
    await rejected(negative.read(), "value", /sizes must not be negative, .* instance 1/);
    assert.equal([...(await negative.read())], [1, 1, 1, 1, 0, 1], "the item is not taken, and the others are right");
    const over = { sizes: whole([1, 1, 1], [3]), capacity: whole([4, 2], [2]) };
    await rejected(solve(knapsack({ capacity: 3 }), values, over, { strategy }).read(), "value", /capacity must be .* instance 0/);
  }
});

test.run();
