import { imle, solve, viterbi } from "webgpu-imle";
import { checkSolver, viterbiCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, lists } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("viterbi");

/** The state of a sequence, by the definition of the layout. */
function stateOf(sequence: readonly number[], shape: readonly number[]): number[] {
  const states = shape.at(-1)!;
  const z = new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);
  const shared = shape.length === 2;
  sequence.forEach((state, t) => {
    if (shared) z[t * states + state] = 1;
    const next = sequence[t + 1];
    if (next !== undefined) z[((shared ? sequence.length : t * states) + state) * states + next]! += 1;
  });
  return z;
}

const instances: readonly (readonly number[])[] = [[1, 1, 1], [1, 3, 3], [3, 2, 2], [4, 3, 3], [2, 1], [3, 2], [6, 2], [7, 3]];

test("the twin's sequence is the best of all, in both layouts", () => {
  for (const shape of instances) {
    const states = shape.at(-1)!;
    const length = shape.length === 2 ? shape[0]! - states : shape[0]! + 1;
    const size = shape.reduce((a, b) => a * b, 1);
    const all = [...lists(length, states)].map((sequence) => stateOf(sequence, shape));
    expectOptimal("max", size, (weights) => viterbiCpu(weights, shape), all);
  }
});

for (const [transitions, shapes] of [
  ["each", [[1, 1, 1], [1, 2, 2], [2, 1, 1], [3, 3, 3], [5, 4, 4], [7, 9, 9], [12, 17, 17]]],
  ["shared", [[2, 1], [3, 2], [8, 3], [9, 4], [20, 5], [40, 17]]],
] as const) {
  test(`${transitions}: states are the twin's, by both strategies`, async () => {
    const oracle = ({ weights, shape }: { weights: Float32Array; shape: readonly number[] }): Int32Array =>
      viterbiCpu(weights, shape);
    await checkSolver(viterbi({ transitions }), { engine, oracle, shapes, instances: 120 });
  });
}

test("a long chain of many states is solved by workgroups, and is beyond a lane", async () => {
  const shape = [30, 70, 70] as const;
  const weights = randomNumbers(randomSource(5), 2 * 30 * 70 * 70);
  const z = solve(viterbi(), engine.tensor(weights, [2, ...shape]));
  assert.equal((await z.read()).slice(30 * 70 * 70), Float32Array.from(viterbiCpu(weights.subarray(30 * 70 * 70), shape)));
  refused(() => solve(viterbi(), engine.zeros([1, 64, 70, 70]), undefined, { strategy: "lane" }), "limit", /must fit lane/);
});

test("the gradient reaches scores of positions and a matrix of transitions, through a broadcast or shared", async () => {
  const [length, states] = [5, 3] as const;
  const scores = engine.normal([1, length, states], { requiresGrad: true });
  const transitions = engine.normal([states, states], { requiresGrad: true });
  const edges = transitions.add(scores.reshape([1, length, states, 1]).add(engine.zeros([1, length, states, states])));
  imle(viterbi(), { samples: 20 })(edges).mul(engine.normal([1, length, states, states])).sum().backward();
  assert.equal([scores.grad!.shape, transitions.grad!.shape], [[1, length, states], [states, states]]);
  assert.ok((await transitions.grad!.read()).some((value) => value !== 0));
});

test("chains that cannot be are refused", () => {
  refused(() => viterbi({ transitions: "none" as never }), "value", /transitions must be each or shared/);
  refused(() => solve(viterbi(), engine.zeros([1, 3, 2, 3])), "shape", /must be \[T − 1, K, K\]/);
  refused(() => solve(viterbi({ transitions: "shared" }), engine.zeros([1, 3, 3])), "shape", /must be \[T \+ K, K\]/);
});

test.run();
