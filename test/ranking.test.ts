import { imle, pid, ranking, solve } from "webgpu-imle";
import { checkSolver, rankingCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, permutations } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("ranking");

test("the twin's ranks are the best of all permutations", () => {
  for (const n of [1, 3, 5]) {
    const ranks = permutations(n).map((order) => order.map((place) => place + 1));
    expectOptimal("max", n, (weights) => rankingCpu(weights, "smallest"), ranks);
    expectOptimal("min", n, (weights) => rankingCpu(weights, "largest"), ranks);
  }
});

for (const first of ["smallest", "largest"] as const) {
  test(`ranks from the ${first} are the twin's, by both strategies`, async () => {
    const shapes = [1, 2, 3, 4, 5, 7, 8, 33, 64, 101, 300].map((n) => [n]);
    const report = await checkSolver(ranking({ first }), { engine, oracle: ({ weights }) => rankingCpu(weights, first), shapes });
    assert.equal(report.strategies, ["lane", "workgroup"]);
  });
}

test("the permutation matrix has the ranks, and sorts", async () => {
  const oracle = ({ weights }: { weights: Float32Array }): number[] => {
    const z = new Array<number>(weights.length ** 2).fill(0);
    rankingCpu(weights).forEach((rank, i) => (z[(rank - 1) * weights.length + i] = 1));
    return z;
  };
  const sorting = ranking({ output: "permutation" });
  await checkSolver(sorting, { engine, oracle, instances: 60, shapes: [[1], [2], [5], [8], [33]] });
  const weights = engine.tensor([[3, 1, 2, 1]]);
  const sorted = solve(sorting, weights).matmul(weights.reshape([1, 4, 1]));
  assert.equal([...(await sorted.read())], [1, 1, 2, 3]);
});

test("long rows are ranked by lanes and, as far as they fit, by workgroups", async () => {
  for (const [n, strategy] of [[4096, "workgroup"], [5001, "lane"]] as const) {
    const weights = randomNumbers(randomSource(n), n);
    const ranks = await solve(ranking(), engine.tensor(weights, [1, n]), undefined, { strategy }).read();
    assert.equal(ranks, Float32Array.from(rankingCpu(weights)));
  }
});

test("through imle a score that is to rank higher rises, whichever end is first", async () => {
  // The loss wants rank 3 for the first of three scores.
  for (const first of ["smallest", "largest"] as const) {
    const scores = engine.tensor([[0, 1, 2]], { requiresGrad: true });
    const layer = imle(ranking({ first }), { temperature: 0, target: pid({ lambda: 4 }) });
    const wanted = first === "smallest" ? 3 : 1;
    const rank = layer(scores);
    rank.sub(engine.tensor([[wanted, 0, 0]])).mul(engine.tensor([[1, 0, 0]])).pow(2).sum().backward();
    const gradient = await scores.grad!.read();
    assert.ok(gradient[0]! < 0, `${first}: descent raises the score: ${gradient}`);
  }
});

test("options and rows that cannot be are refused", () => {
  refused(() => ranking({ first: "best" as never }), "value", /first must be smallest or largest/);
  refused(() => ranking({ output: "order" as never }), "value", /output must be ranks or permutation/);
  refused(() => solve(ranking(), engine.zeros([1, 5000]), undefined, { strategy: "workgroup" }), "limit", /must fit workgroup/);
  refused(() => solve(ranking(), engine.zeros([1, 70_000])), "limit", /at most 65,536 weights/);
});

test.run();
