import {
  contrastiveMap,
  listwiseRank,
  noiseContrastive,
  pairwiseRank,
  pointwiseRank,
  type PoolLoss,
  type Solver,
  type Tensor,
  topK,
} from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { allSubsets, differences, dot } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { n, rowOf, rows } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { solverCases, solveTwin } from "./support/perturbed.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";
import { total } from "./support/twins.js";

const engine = await testEngine();
const test = suite("estimators: losses over pools");

/** A loss in plain numbers: of weights, the other argument, and the pool, all scores such that more is better. */
type Twin = (theta: readonly number[], y: readonly number[], pool: readonly (readonly number[])[]) => number;

const softmax = (scores: readonly number[]): number[] => {
  const odds = scores.map(Math.exp);
  return odds.map((x) => x / total(odds));
};

interface PoolCase {
  readonly name: string;
  readonly make: (solver: Solver) => PoolLoss;
  /** Whether the second argument is a state, and not weights. */
  readonly ofState: boolean;
  readonly twin: Twin;
}

const poolCases: readonly PoolCase[] = [
  {
    name: "noise-contrastive",
    make: noiseContrastive,
    ofState: true,
    twin: (theta, y, pool) => total(pool.map((w) => dot(theta, w) - dot(theta, y))) / pool.length,
  },
  {
    name: "contrastive MAP",
    make: contrastiveMap,
    ofState: true,
    twin: (theta, y, pool) => Math.max(...pool.map((w) => dot(theta, w))) - dot(theta, y),
  },
  {
    name: "pointwise rank",
    make: pointwiseRank,
    ofState: false,
    twin: (theta, truth, pool) => total(pool.map((w) => (dot(theta, w) - dot(truth, w)) ** 2)) / pool.length,
  },
  ...[1, 0.25].map(
    (margin): PoolCase => ({
      name: `pairwise rank, margin ${margin}`,
      make: (solver) => pairwiseRank(solver, { margin }),
      ofState: false,
      twin: (theta, truth, pool) => {
        const best = pool.reduce((a, b) => (dot(truth, b) > dot(truth, a) ? b : a));
        const rest = pool.filter((w) => w !== best);
        return total(rest.map((w) => Math.max(0, margin - dot(theta, best) + dot(theta, w)))) / rest.length;
      },
    }),
  ),
  ...[1, 0.5].map(
    (softness): PoolCase => ({
      name: `listwise rank, softness ${softness}`,
      make: (solver) => listwiseRank(solver, { softness }),
      ofState: false,
      twin: (theta, truth, pool) => {
        const [predicted, wanted] = [theta, truth].map((x) => softmax(pool.map((w) => dot(x, w) / softness)));
        return -total(wanted!.map((p, i) => p * Math.log(predicted![i]!)));
      },
    }),
  ),
];

for (const { name, make, ofState, twin } of poolCases) {
  for (const one of solverCases) {
    for (const shared of [true, false]) {
      test(`${name}: the formula and its differences (${one.name}, ${shared ? "one pool" : "a pool a row"})`, async () => {
        const random = randomSource(130);
        const states = allSubsets(n, 3);
        const poolRows = shared ? 1 : rows;
        const pools = Array.from({ length: poolRows }, () =>
          Array.from({ length: 7 }, () => states[randomWhole(random, 0, states.length - 1)]!),
        );
        const theta = randomNumbers(random, rows * n);
        const truth = randomNumbers(random, rows * n);
        const best = Array.from({ length: rows }, (_, row) => solveTwin(one, rowOf(truth, row))).flat();
        const y = ofState ? Float32Array.from(best) : truth;
        const leaf = engine.tensor(theta, [rows, n], { requiresGrad: true });
        const pool = engine.tensor(Float32Array.from(pools.flat(2)), shared ? [7, n] : [rows, 7, n]);
        const weights = randomNumbers(random, rows);
        const loss = make(one.solver);
        const values = loss(leaf, engine.tensor(y, [rows, n]), pool);
        assert.equal([...values.shape], [rows]);
        values.backward(engine.tensor(weights));
        const [got, gradient] = [await values.read(), await leaf.grad!.read()];
        const signed = (x: readonly number[]): number[] => x.map((value) => one.sign * value);
        const slopes: number[] = [];
        for (let row = 0; row < rows; row++) {
          const other = ofState ? rowOf(y, row) : signed(rowOf(y, row));
          const at = (x: readonly number[]): number => twin(signed(x), other, pools[row % poolRows]!);
          expectClose(`value of row ${row}`, [got[row]!], [at(rowOf(theta, row))], { absolute: 5e-6 });
          slopes.push(...differences((x) => weights[row]! * at(x), rowOf(theta, row)));
        }
        expectClose("gradient", gradient, slopes, { relative: 1e-5, absolute: 2e-5 });
        assert.ok(slopes.some((x) => x !== 0));
        const exact = loss.eval()(leaf, engine.tensor(y, [rows, n]), pool);
        assert.is(exact.requiresGrad, false);
        assert.equal(await exact.read(), got);
      });
    }
  }
}

test("with a pool of all states contrastive MAP is 0 where the best state is y, and nowhere below", async () => {
  const states = allSubsets(6, 2);
  const pool = engine.tensor(Float32Array.from(states.flat()), [states.length, 6]);
  const theta = engine.tensor([[3, 2, 0, 1, -1, 0], [0, 1, 5, 4, 2, 3]]);
  const y = engine.tensor([[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0]]);
  assert.equal([...(await contrastiveMap(topK(2))(theta, y, pool).read())], [0, 8]);
});

test("bad options, pools and tensors that do not fit are refused with a fix, before anything is dispatched", () => {
  const solver = topK(2);
  const [theta, other] = [engine.zeros([3, 5]), engine.zeros([3, 4])];
  const whole = engine.zeros([3, 5], { dtype: "i32" });
  const pools: readonly [Tensor, RegExp][] = [
    [engine.zeros([4, 4]), /the pool must be \[states, ...\] of \[5\], .* got \[4, 4\]/],
    [engine.zeros([2, 4, 5]), /the batch \[3\] before, got \[2, 4, 5\]/],
    [engine.zeros([5]), /the pool must be/],
    [engine.zeros([0, 5]), /the pool must be/],
  ];
  const single = engine.zeros([1, 5]);
  const before = engine.stats().dispatches;
  for (const make of [noiseContrastive, contrastiveMap, pointwiseRank, pairwiseRank, listwiseRank]) {
    refused(() => make({} as never), "value", /the first argument must be a solver/);
    const loss = make(solver);
    for (const [pool, message] of pools) refused(() => loss(theta, theta, pool), "shape", message);
    refused(() => loss(theta, theta, whole), "dtype", /the pool must be f32/);
    refused(() => loss(theta, other, theta), "shape", /must have the weights' shape/);
    refused(() => loss(whole, theta, theta), "dtype", /must be f32/);
    refused(() => loss(theta, theta, 3 as never), "value", /the pool must be a tensor/);
  }
  refused(() => pairwiseRank(solver, { margin: 0 }), "value", /margin must be a number above 0/);
  refused(() => pairwiseRank(solver, { margins: 1 } as never), "value", /options must be among margin/);
  refused(() => listwiseRank(solver, { softness: -1 }), "value", /softness must be a number above 0/);
  assert.is(engine.stats().dispatches, before);
  refused(() => pairwiseRank(solver)(theta, theta, single), "shape", /at least two states, got \[1\]/);
});

test.run();
