import {
  dijkstraGrid,
  empiricalDistribution,
  enumerated,
  gridPathStates,
  gumbel,
  kSubsets,
  kSubsetStates,
  solve,
  type StateDistribution,
  type StateList,
  type Tensor,
  topK,
} from "webgpu-imle";
import { kSubsetsCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { allSubsets, differences, dot, enumerate } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("distributions");

const rowsOf = ({ values, count }: StateList): number[][] => {
  const size = values.length / count;
  return Array.from({ length: count }, (_, row) => [...values.subarray(row * size, (row + 1) * size)]);
};
const sorted = (states: readonly (readonly number[])[]): string[] => states.map((state) => state.join("")).sort();

test("the lists have every state once: subsets by counting, paths by their ends and steps", () => {
  for (const [n, k] of [[1, 0], [1, 1], [5, 2], [10, 5]] as const) {
    assert.equal(sorted(rowsOf(kSubsetStates(n, k))), sorted(allSubsets(n, k)), `${k} of ${n}`);
  }
  assert.equal(sorted(rowsOf(gridPathStates(2, 2))), ["1001", "1011", "1101", "1111"]);
  assert.equal(sorted(rowsOf(gridPathStates(2, 2, { neighbours: 4 }))), ["1011", "1101"]);
  assert.equal(sorted(rowsOf(gridPathStates(1, 3))), ["111"]);
  const list = gridPathStates(3, 4);
  assert.is(new Set(sorted(rowsOf(list))).size, list.count);
});

test("of every grid of random costs, the solver's path is the best of the list", async () => {
  const random = randomSource(30);
  for (const neighbours of [4, 8] as const) {
    const states = rowsOf(gridPathStates(3, 4, { neighbours }));
    const costs = randomNumbers(random, 20 * 12, 0.1, 1);
    const found = await solve(dijkstraGrid({ neighbours }), engine.tensor(costs, [20, 3, 4])).read();
    for (let grid = 0; grid < 20; grid++) {
      const own = costs.subarray(grid * 12, grid * 12 + 12);
      const least = Math.min(...states.map((state) => dot(state, own)));
      assert.ok(Math.abs(dot(found.subarray(grid * 12, grid * 12 + 12), own) - least) < 1e-6);
    }
  }
});

interface Case {
  readonly name: string;
  readonly distribution: StateDistribution;
  readonly states: number[][];
  readonly sign: 1 | -1;
  readonly shape: readonly number[];
}

const cases: readonly Case[] = [
  {
    name: "enumerated subsets",
    distribution: enumerated(kSubsetStates(6, 2)),
    states: allSubsets(6, 2),
    sign: 1,
    shape: [6],
  },
  {
    name: "enumerated paths of costs",
    distribution: enumerated(gridPathStates(2, 3), { sense: "min" }),
    states: rowsOf(gridPathStates(2, 3)),
    sign: -1,
    shape: [2, 3],
  },
  ...([[1, 1], [5, 0], [6, 2], [7, 4], [4, 4]] as const).map(
    ([n, k]): Case => ({
      name: `${k}-subsets of ${n}`,
      distribution: kSubsets(k),
      states: allSubsets(n, k),
      sign: 1,
      shape: [n],
    }),
  ),
];

for (const { name, distribution, states, sign, shape } of cases) {
  const size = states[0]!.length;
  const [rows, columns] = [2, 3];
  const theta = randomNumbers(randomSource(31), rows * columns * size, -3, 3);
  const rowOf = (row: number): number[] => [...theta.subarray(row * size, row * size + size)];
  const exact = (row: readonly number[]) => enumerate(states, row.map((x) => sign * x));
  const leafOf = (): Tensor => engine.tensor(theta, [rows, columns, ...shape], { requiresGrad: true });

  test(`${name}: log-partition and marginals equal the sums over all states, gradients their differences`, async () => {
    const rowNumbers = Array.from({ length: rows * columns }, (_, row) => row);
    const leaf = leafOf();
    const logPartition = distribution.logPartition(leaf);
    assert.equal([...logPartition.shape], [rows, columns]);
    expectClose("ln Z", await logPartition.read(), rowNumbers.map((row) => exact(rowOf(row)).logPartition));
    const weights = randomNumbers(randomSource(32), rows * columns);
    logPartition.backward(engine.tensor(weights, [rows, columns]));
    const slopes = rowNumbers.flatMap((row) =>
      differences((x) => weights[row]! * exact(x).logPartition, rowOf(row)),
    );
    expectClose("∂ ln Z", await leaf.grad!.read(), slopes, { absolute: 1e-5 });
    leaf.grad = null;
    const marginals = distribution.marginals(leaf);
    expectClose("marginals", await marginals.read(), rowNumbers.flatMap((row) => exact(rowOf(row)).marginals));
    const v = randomNumbers(randomSource(33), theta.length);
    marginals.backward(engine.tensor(v, leaf.shape));
    const jacobian = rowNumbers.flatMap((row) =>
      differences((x) => dot(exact(x).marginals, v.subarray(row * size, row * size + size)), rowOf(row)),
    );
    expectClose("∂ marginals", await leaf.grad!.read(), jacobian, { absolute: 1e-5 });
  });

  test(`${name}: samples are states, as often as they should be, and their score is z − E z`, async () => {
    const samples = 4000;
    const drawn = distribution.sample(leafOf(), { samples });
    assert.equal([...drawn.shape], [rows, columns, samples, ...shape]);
    assert.is(drawn.requiresGrad, false);
    const values = await drawn.read();
    const places = new Map(states.map((state, place) => [state.join(), place]));
    for (let row = 0; row < rows * columns; row++) {
      const counts = states.map(() => 0);
      for (let s = row * samples; s < (row + 1) * samples; s++) {
        const place = places.get(values.subarray(s * size, s * size + size).join());
        assert.ok(place !== undefined, "a state of the list");
        counts[place]!++;
      }
      enumerate(states, rowOf(row).map((x) => sign * x)).probabilities.forEach((p, place) => {
        const deviation = Math.sqrt(p * (1 - p) * samples) + 0.5;
        const count = counts[place]!;
        assert.ok(Math.abs(count - p * samples) < 5 * deviation, `state ${place}: ${count} of ${p * samples}`);
      });
    }
    const some = engine.tensor(values.slice(0, size), [1, 1, ...shape]);
    const score = await distribution.score(engine.tensor(theta.slice(0, size), [1, ...shape]), some).read();
    expectClose("score", score, exact(rowOf(0)).marginals.map((mean, i) => sign * (values[i]! - mean)));
  });
}

test("the expectation of numbers of the states is their sum by probability, and has a gradient", async () => {
  const distribution = enumerated(kSubsetStates(5, 2));
  const states = rowsOf(kSubsetStates(5, 2));
  const numbers = randomNumbers(randomSource(34), states.length);
  const theta = [0.5, -1, 2, 0, 0.25];
  const leaf = engine.tensor([theta], { requiresGrad: true });
  const expectation = distribution.expectation(leaf, engine.tensor(numbers));
  const exact = (x: readonly number[]): number => dot(enumerate(states, x).probabilities, numbers);
  expectClose("expectation", await expectation.read(), [exact(theta)]);
  expectation.sum().backward();
  expectClose("gradient", await leaf.grad!.read(), differences(exact, theta), { absolute: 1e-5 });
  const logs = await distribution.logProbabilities(leaf).read();
  expectClose("ln p", logs, enumerate(states, theta).probabilities.map(Math.log), { absolute: 1e-5 });
});

for (const as of ["software", "gpu"] as const) {
  test(`subsets of long rows equal the twin: marginals, covariances, samples word by word (as ${as})`, async () => {
    const on = await testEngine({ as });
    const random = randomSource(35);
    for (const [rows, n, k, scale] of [[5, 60, 7, 2], [3, 33, 16, 30], [1, 401, 100, 1]] as const) {
      const theta = randomNumbers(random, rows * n, -scale, scale).map((x) => x + 40);
      const v = randomNumbers(random, rows * n);
      const [weights, direction] = [on.tensor(theta, [rows, n]), on.tensor(v, [rows, n])];
      const marginals = await kSubsets(k).marginals(weights).read();
      const covariance = await kSubsets(k).covariance(weights, direction).read();
      const place = { seed: 7, stream: 3, call: 2 };
      const samples = 3;
      const drawn = await kSubsets(k).sample(weights, { samples, place }).read();
      const short = n < 100;
      for (let row = 0; row < rows; row++) {
        const part = (values: Float32Array, size: number = n): Float32Array =>
          values.subarray(row * size, (row + 1) * size);
        const twin = kSubsetsCpu(part(theta), k);
        expectClose(`marginals of ${n}`, part(marginals), twin.marginals, { absolute: 2e-5 });
        const moved = (by: number): Float64Array =>
          kSubsetsCpu(Array.from(part(theta), (x, i) => x + by * part(v)[i]!), k).marginals;
        const quotient = (): Float64Array => {
          const behind = moved(-(2 ** -9));
          return moved(2 ** -9).map((x, i) => (x - behind[i]!) * 2 ** 8);
        };
        const expected = short ? twin.covariance(part(v)) : quotient();
        expectClose(`covariance of ${n}`, part(covariance), expected, { absolute: 5e-5 });
        for (let s = 0; s < samples; s++) {
          const { state, margin } = twin.sample(place, row, s);
          const own = part(drawn, samples * n).subarray(s * n, s * n + n);
          assert.is(own.reduce((sum, one) => sum + one, 0), k);
          if (margin > 1e-4) assert.equal([...own], [...state], `row ${row}, sample ${s}`);
        }
      }
    }
  });
}

test("weights that are hundreds apart leave what is certain certain, and the others as they are", async () => {
  const theta = [200, 150, 3, 2.5, 2, 1, -500];
  for (const k of [1, 2, 3, 6]) {
    const states = allSubsets(7, k);
    const exact = enumerate(states, theta);
    const leaf = engine.tensor([theta], { requiresGrad: true });
    expectClose("ln Z", await kSubsets(k).logPartition(leaf).read(), [exact.logPartition]);
    const marginals = kSubsets(k).marginals(leaf);
    expectClose(`${k} of 7`, await marginals.read(), exact.marginals);
    const v = [1, -1, 2, -3, 1, 0.5, 4];
    marginals.backward(engine.tensor([v]));
    const jacobian = differences((x) => dot(enumerate(states, x).marginals, v), theta);
    expectClose("its slopes", await leaf.grad!.read(), jacobian, { absolute: 1e-5 });
    const drawn = await kSubsets(k).sample(leaf, { samples: 50 }).read();
    for (let s = 0; s < 50; s++) {
      const state = drawn.subarray(s * 7, s * 7 + 7);
      assert.is(state.reduce((sum, one) => sum + one, 0), k);
      exact.marginals.forEach((p, i) => p > 1 - 1e-12 && assert.is(state[i], 1));
    }
  }
});

test("rows of which a lane's steps are spread over several dispatches give the same marginals", async () => {
  const [n, k] = [1500, 120];
  const theta = randomNumbers(randomSource(36), n, -100, 100); // further apart than chances are told apart
  const before = engine.stats().dispatches;
  const marginals = await kSubsets(k).marginals(engine.tensor(theta, [1, n])).read();
  assert.ok(engine.stats().dispatches - before >= 5, "the mask of the largest, and two either way");
  assert.ok(Math.abs(marginals.reduce((sum, p) => sum + p, 0) - k) < 1e-2);
  // Of the ones of a subset, more likely ones are in more often.
  const order = [...theta.keys()].sort((a, b) => theta[a]! - theta[b]!);
  order.slice(1).forEach((i, place) => assert.ok(marginals[i]! >= marginals[order[place]!]! - 1e-5));
});

test("what a perturbed solver returns is counted by states, the most frequent first", async () => {
  const theta = engine.tensor([[3, 2, 0], [0, 0, 9]]);
  const noise = { noise: gumbel(), samples: 500, temperature: 0.5 };
  const solutions = await empiricalDistribution(topK(1), theta, noise);
  assert.is(solutions.length, 2);
  for (const [instance, found] of solutions.entries()) {
    assert.ok(Math.abs(found.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-12);
    const shares = found.map(({ share }) => share);
    assert.equal(shares, [...shares].sort((a, b) => b - a));
    assert.is(found[0]!.state.indexOf(1), instance === 0 ? 0 : 2);
  }
  const exact = enumerate([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [6, 4, 0]);
  assert.ok(Math.abs(solutions[0]![0]!.share - exact.probabilities[0]!) < 0.08);
  const only = await empiricalDistribution(topK(2), engine.tensor([1, 3, 2]));
  assert.equal(only.map((found) => found.map(({ state, share }) => [state.join(""), share])), [[["011", 1]]]);
});

test("bad input is refused with a fix, before anything is dispatched", () => {
  const theta = engine.zeros([2, 4]);
  const before = engine.stats().dispatches;
  refused(() => kSubsetStates(3, 4), "value", /and k one from 0 to n/);
  refused(() => kSubsetStates(40, 20), "limit", /at most 1048576 states/);
  refused(() => gridPathStates(0, 3), "value", /sides must be whole numbers/);
  refused(() => gridPathStates(2, 2, { neighbours: 6 as never }), "value", /neighbours must be/);
  refused(() => gridPathStates(7, 7), "limit", /must be at most/);
  refused(() => enumerated({ shape: [2], count: 3, values: new Float32Array(4) }), "value", /states must be 3/);
  refused(() => enumerated(kSubsetStates(3, 1), { sense: "both" as never }), "value", /sense must be/);
  refused(() => enumerated(kSubsetStates(3, 1)).marginals(theta), "shape", /state \[3\], got \[2, 4\]/);
  refused(() => enumerated(kSubsetStates(4, 1)).expectation(theta, theta), "shape", /values must be \[4\]/);
  refused(() => enumerated(kSubsetStates(4, 1)).sample(theta, { samples: 0 }), "value", /samples must be/);
  refused(() => kSubsets(1.5), "value", /k must be a whole number/);
  refused(() => kSubsets(5).marginals(theta), "shape", /at least k = 5 weights, got \[2, 4\]/);
  refused(() => kSubsets(1).sample(theta, { samples: -1 }), "value", /samples must be/);
  refused(() => kSubsets(1).logPartition(engine.tensor([1], { dtype: "i32" })), "dtype", /must be f32/);
  refused(() => kSubsets(1).marginals(engine.zeros([1, 40_000])), "limit", /at most 32000 weights/);
  assert.is(engine.stats().dispatches, before + 1); // zeros, made here
});

test.run();
