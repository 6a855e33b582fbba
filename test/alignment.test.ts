import { alignment, solve, timeWarping } from "webgpu-imle";
import { alignmentCpu, checkSolver, timeWarpingCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expectOptimal, lists } from "./support/brute-force.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("alignment");
type Shape = readonly number[];

/** Every warping path. */
function warpings([rows, columns]: Shape): number[][] {
  const found: number[][] = [];
  const visit = (i: number, j: number, cells: readonly number[]): void => {
    if (i >= rows! || j >= columns!) return;
    const here = [...cells, i * columns! + j];
    if (i === rows! - 1 && j === columns! - 1) {
      found.push(Array.from({ length: rows! * columns! }, (_, cell) => Number(here.includes(cell))));
    }
    for (const [up, back] of [[1, 1], [1, 0], [0, 1]] as const) visit(i + up, j + back, here);
  };
  visit(0, 0, []);
  return found;
}

/** Every set of pairs of which each comes after the one before in both sequences. */
function matchings([rows, columns]: Shape): number[][] {
  return [...lists(rows! * columns!, 2)].map((mask) => [...mask]).filter((mask) => {
    const pairs = mask.flatMap((value, cell) => (value ? [[Math.floor(cell / columns!), cell % columns!] as const] : []));
    return pairs.every(([i, j], place) => place === 0 || (i > pairs[place - 1]![0] && j > pairs[place - 1]![1]));
  });
}

const small: readonly Shape[] = [[1, 1], [1, 4], [4, 1], [2, 3], [3, 3], [3, 4]];

test("the twins' states are the best of all", () => {
  for (const shape of small) {
    const size = shape[0]! * shape[1]!;
    expectOptimal("min", size, (costs) => timeWarpingCpu(costs, shape), warpings(shape));
    expectOptimal("max", size, (weights) => alignmentCpu(weights, shape), matchings(shape));
  }
});

const shapes: readonly Shape[] = [[1, 1], [1, 9], [9, 1], [2, 2], [3, 5], [8, 8], [7, 17], [33, 16], [20, 70]];

test("timeWarping: states are the twin's, by both strategies", async () => {
  await checkSolver(timeWarping(), { engine, oracle: ({ weights, shape }) => timeWarpingCpu(weights, shape), shapes });
});

test("alignment: states are the twin's, by both strategies", async () => {
  await checkSolver(alignment(), { engine, oracle: ({ weights, shape }) => alignmentCpu(weights, shape), shapes });
});

test("tables that are beyond a lane go to workgroups, and long ones the other way round", async () => {
  const [rows, columns] = [250, 260] as const;
  const costs = randomNumbers(randomSource(3), rows * columns, 0, 1);
  const z = await solve(timeWarping(), engine.tensor(costs, [1, rows, columns])).read();
  assert.equal(z, Float32Array.from(timeWarpingCpu(costs, [rows, columns])));
  refused(() => solve(timeWarping(), engine.zeros([1, 2000, 2]), undefined, { strategy: "workgroup" }), "limit", /must fit workgroup/);
  assert.is((await solve(timeWarping(), engine.ones([1, 2000, 2])).read()).reduce((a, b) => a + b), 2000);
});

test("where the adapter ends the loops of a large instance early, that is told", async () => {
  const shape = [2, 40_000] as const;
  const costs = randomNumbers(randomSource(4), 80_000, 0, 1);
  const [outcome] = await Promise.allSettled([solve(timeWarping(), engine.tensor(costs, [1, ...shape])).read()]);
  if (outcome.status === "fulfilled") assert.equal(outcome.value, Float32Array.from(timeWarpingCpu(costs, shape)));
  else assert.match(outcome.reason.message, /timeWarping: the loops of an instance must end within/);
});

test("scores with a gap penalty are θ + 2g: edit distance by alignment", async () => {
  // Kitten and sitting: a match 1, a gap −1, no other pair better than two gaps.
  const [a, b] = ["kitten", "sitting"];
  const theta = [...a!].map((x) => [...b!].map((y) => (x === y ? 1 : -9) + 2));
  const z = await solve(alignment(), engine.tensor([theta])).read();
  const matched = [...z].flatMap((value, cell) => (value ? [a![Math.floor(cell / b!.length)]] : [])).join("");
  assert.is(matched, "ittn");
});

test("tables without a cell are refused", () => {
  refused(() => solve(alignment(), engine.zeros([1, 0, 3])), "shape", /must have an element at least, got \[0, 3\]/);
  refused(() => solve(timeWarping(), engine.zeros([5])), "shape", /at least 2 axes/);
});

test.run();
