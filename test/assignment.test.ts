import { assignment, imle, solve } from "webgpu-imle";
import { assignmentCpu, checkSolver, rankingCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, objective, permutations } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("assignment");

test("the twin's assignment is the best of all", () => {
  for (const [height, width] of [[1, 1], [1, 3], [2, 2], [3, 4], [5, 5]] as const) {
    const states = permutations(width).map((order) =>
      Array.from({ length: height * width }, (_, cell) => Number(order[Math.floor(cell / width)] === cell % width)),
    );
    for (const sense of ["max", "min"] as const) {
      expectOptimal(sense, height * width, (weights) => assignmentCpu(weights, [height, width], sense), states);
    }
  }
});

test("no cycle of exchanges improves the twin's assignment of a large table", () => {
  const n = 24;
  const weights = randomNumbers(randomSource(4), n * n).map((weight) => Math.round(1000 * weight));
  const own = assignmentCpu(weights, [n, n]);
  const columnOf = Array.from({ length: n }, (_, row) => own.indexOf(1, row * n) - row * n);
  const gain = (from: number, to: number): number =>
    weights[from * n + columnOf[to]!]! - weights[from * n + columnOf[from]!]!;
  // Bellman–Ford over rows: a cycle of positive gain would be an improvement.
  let best = new Array<number>(n).fill(0);
  const relax = (): number[] =>
    best.map((value, to) => Math.max(value, ...best.map((before, from) => before + gain(from, to))));
  for (let turn = 0; turn < n; turn++) best = relax();
  assert.equal(relax(), best, "no cycle improves the assignment");
  assert.is(own.reduce((sum, value) => sum + value, 0), n);
});

for (const sense of ["max", "min"] as const) {
  test(`${sense}: states are the twin's, by both strategies`, async () => {
    await checkSolver(assignment({ sense }), {
      engine,
      instances: 56,
      shapes: [[1, 1], [1, 5], [2, 2], [3, 7], [5, 5], [8, 8], [13, 17], [20, 20]],
      oracle: ({ weights, shape }) => assignmentCpu(weights, shape, sense),
      feasible: (state, { shape: [height, width] }) => {
        const columns = [...state.keys()].filter((cell) => state[cell] === 1).map((cell) => cell % width!);
        return columns.length === height && new Set(columns).size === height;
      },
    });
  });
}

test("tables of 64 columns are the largest, and are solved by both strategies", async () => {
  const weights = randomNumbers(randomSource(6), 2 * 64 * 64);
  for (const strategy of ["lane", "workgroup"] as const) {
    const z = await solve(assignment(), engine.tensor(weights, [2, 64, 64]), undefined, { strategy }).read();
    for (const table of [0, 1]) {
      const own = weights.subarray(table * 4096, (table + 1) * 4096);
      assert.equal([...z.slice(table * 4096, (table + 1) * 4096)], [...assignmentCpu(own, [64, 64])], strategy);
      assert.ok(objective(assignmentCpu(own, [64, 64]), own) > 60, "nearly every row gets one of its best columns");
    }
  }
});

test("with the weights θᵢ·j it sorts, and its gradient reaches θ", async () => {
  const scores = engine.tensor([[0.3, -1, 2, 0.5]], { requiresGrad: true });
  const places = engine.tensor([1, 2, 3, 4]);
  const layer = imle(assignment(), { temperature: 0.1, samples: 10 });
  const table = scores.reshape([1, 4, 1]).mul(places);
  const permutation = await layer.eval()(table).read();
  const ranks = rankingCpu([0.3, -1, 2, 0.5]);
  ranks.forEach((rank, i) => assert.is(permutation[4 * i + rank - 1], 1));
  layer.train()(table).mul(engine.normal([1, 4, 4])).sum().backward();
  assert.equal(scores.grad!.shape, [1, 4]);
});

test("options and tables that cannot be are refused", () => {
  refused(() => assignment({ sense: "best" as never }), "value", /sense must be max or min/);
  refused(() => solve(assignment(), engine.zeros([1, 4, 3])), "shape", /1 ≤ rows ≤ columns, got \[4, 3\]/);
  refused(() => solve(assignment(), engine.zeros([1, 3, 65])), "limit", /at most 64 columns, got 65/);
});

test.run();
