import { topK } from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareStates, type Differential, differentialCase } from "../bench/differential/differential.js";
import { differentials } from "../bench/differential/index.js";
import { scoped, testEngine } from "./support/engine.js";
import { randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("solvers against their twins");

test("every solver's first batch of instances is right, and the same seed draws it again", async () => {
  for (const { name, compare } of differentials) {
    const { instances, solved, wrong } = await scoped(engine, () => compare(engine, randomSource(5), 0));
    assert.ok(instances > 0 && solved >= instances, name);
    assert.equal(wrong, [], name);
  }
});

test("a state that is not the twin's is told with its strategy, instance and place, once an instance", async () => {
  const weights = engine.tensor([[1, 2, 3], [6, 5, 4]]);
  const batch = { what: "by hand", solver: topK(1), weights };
  assert.equal((await compareStates({ ...batch, expected: [0, 0, 1, 1, 0, 0] })).wrong, []);
  const { instances, solved, wrong } = await compareStates({ ...batch, expected: [0, 0, 1, 0, 1, 1] });
  assert.equal([instances, solved], [2, 4]);
  assert.equal(wrong, [
    "by hand [3] (lane), instance 1: state 0 must be 0, got 1",
    "by hand [3] (workgroup), instance 1: state 0 must be 0, got 1",
  ]);
});

test("a row goes on until enough are compared, a tenth where it is to be quick, and fails where any is wrong", async () => {
  const indices: number[] = [];
  const fake = (wrong: readonly string[]): Differential => ({
    name: "fake",
    instances: 40,
    compare(_, __, index) {
      indices.push(index);
      return Promise.resolve({ instances: 3, solved: 6, wrong: index === 1 ? wrong : [] });
    },
  });
  const shares: number[] = [];
  const progress = (share: number) => void shares.push(share);
  const counts = await differentialCase(fake([])).count({ engine, quick: true, progress });
  const values = counts.map(({ name, value }) => [name, value]);
  assert.equal(values, [["instances", 6], ["solved", 12], ["wrong", 0], ["seed", 1]]);
  assert.equal(shares, [0, 3 / 4]);
  assert.equal(indices, [0, 1]);
  try {
    await differentialCase(fake(["a", "b"])).count({ engine, quick: false, progress });
    assert.unreachable("it must fail");
  } catch (error) {
    assert.is((error as Error).message, "2 of 84 solutions are wrong (seed 1), the first: batch 1, a");
  }
});

test.run();
