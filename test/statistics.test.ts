import { suite } from "uvu";
import * as assert from "uvu/assert";
import { all, any, countNonZero, logSumExp, norm, type Tensor, variance } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn, type OperationCase } from "./support/gradients.js";
import { average, randomTwin, reduceTwin, total } from "./support/twins.js";

const engine = await testEngine();

type Fold = (elements: readonly number[]) => number;
const squares = (elements: readonly number[], around: number): number => total(elements.map((x) => (x - around) ** 2));

/** What a statistic of some numbers is, and how it is asked for. */
const statistics: Readonly<Record<string, { f: Fold; run: (x: Tensor, axis?: number[], keep?: boolean) => Tensor }>> = {
  variance: { f: (row) => squares(row, average(row)) / row.length, run: (x, axis, keep) => variance(x, axis, keep) },
  "unbiased variance": {
    f: (row) => squares(row, average(row)) / (row.length - 1),
    run: (x, axis, keep) => variance(x, axis, keep, { correction: 1 }),
  },
  logSumExp: { f: (row) => Math.log(total(row.map(Math.exp))), run: logSumExp },
  norm: { f: (row) => Math.sqrt(squares(row, 0)), run: (x, axis, keep) => norm(x, axis, keep) },
  "norm of order 1": {
    f: (row) => total(row.map(Math.abs)),
    run: (x, axis, keep) => norm(x, axis, keep, { order: 1 }),
  },
  "norm of order Infinity": {
    f: (row) => Math.max(...row.map(Math.abs)),
    run: (x, axis, keep) => norm(x, axis, keep, { order: Infinity }),
  },
};

const places: readonly { readonly shape: readonly number[]; readonly axis?: number[] }[] = [
  { shape: [7] },
  { shape: [3, 5], axis: [0] },
  { shape: [3, 8], axis: [-1] },
  { shape: [2, 3, 4], axis: [0, 2] },
  { shape: [2, 3, 1, 2, 2, 3], axis: [0, 4] },
  { shape: [0, 3], axis: [1] },
];

const test = suite("statistics");

for (const [name, { f, run }] of Object.entries(statistics)) {
  test(`${name} is its twin's over any axes, and so are its gradients`, async () => {
    for (const keepDims of [false, true]) {
      await inTurn(places, async ({ shape, axis }) => {
        const operation: OperationCase = {
          name: `${name} of [${shape}] over ${String(axis)}`,
          inputs: [randomTwin(shape)],
          run: (x) => run(x!, axis, keepDims),
          twin: (x) => reduceTwin(f, x!, axis, keepDims),
          gradientTolerance: { relative: 1e-3, absolute: 1e-4 },
        };
        await expectValue(engine, operation);
        if (!keepDims) await expectGradients(engine, { ...operation, step: 1e-5 });
      });
    }
  });
}

test("a variance far from 0, and large exponents, keep their accuracy", async () => {
  expectClose("variance", [await variance(engine.tensor([10001, 10002, 10003, 10004])).item()], [1.25]);
  const far = logSumExp(engine.tensor([[1000, 1000], [-1000, -1000]]), 1);
  expectClose("logSumExp", await far.read(), [1000 + Math.log(2), -1000 + Math.log(2)]);
});

test("the gradient of a norm of 0 is 0, and the norm of nothing is 0", async () => {
  using x = engine.zeros([3], { requiresGrad: true });
  norm(x).backward();
  assert.equal([...(await x.grad!.read())], [0, 0, 0]);
  assert.is(await norm(engine.zeros([0])).item(), 0);
});

test("any, all and countNonZero see every dtype, over any axes and of nothing", async () => {
  for (const dtype of ["f32", "i32", "u32"] as const) {
    using x = engine.tensor([[0, 1, 2], [0, 0, 3]], { dtype });
    const found = countNonZero(x, 0);
    assert.is(found.dtype, "i32");
    assert.equal([...(await found.read())], [0, 1, 2]);
    assert.is(await countNonZero(x).item(), 3);
    assert.equal([...(await any(x, 0).read())], [0, 1, 1]);
    assert.equal([...(await all(x, 0).read())], [0, 0, 1]);
    assert.equal([await any(x).item(), await all(x).item()], [1, 0]);
    assert.equal(any(x, [0, 1], true).shape, [1, 1]);
  }
  using empty = engine.zeros([0, 2]);
  assert.equal([await any(empty).item(), await all(empty).item(), await countNonZero(empty).item()], [0, 1, 0]);
  assert.equal([...(await all(empty, 0).read())], [1, 1]);
});

test("countNonZero is exact where f32 is not", async () => {
  using x = engine.ones([2 ** 24 + 1], { dtype: "u32" });
  assert.is(await countNonZero(x).item(), 2 ** 24 + 1);
});

const x = engine.zeros([2, 3]);
const empty = engine.zeros([2, 0]);
const bad: readonly [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["a variance of whole numbers", () => variance(engine.arange(3)), "dtype", /^variance: x must be f32/],
  ["a variance of nothing", () => variance(empty, 1), "shape", /^variance: the reduced axes must not be empty/],
  ["a correction that leaves nothing", () => variance(x, 0, false, { correction: 2 }), "value", /^variance: .*got 2/],
  ["an option that is none", () => variance(x, 0, false, { ddof: 1 } as never), "value", /^variance: .*got ddof/],
  ["a logSumExp of nothing", () => logSumExp(empty, 1), "shape", /^logSumExp: the reduced axes/],
  ["a norm of another order", () => norm(x, 0, false, { order: 3 }), "value", /^norm: order must be 1 or 2 or Inf/],
  ["a maximum norm of nothing", () => norm(empty, 1, false, { order: Infinity }), "shape", /^norm: the reduced axes/],
  ["any of no tensor", () => any([1] as never), "value", /^any: x must be a tensor/],
  ["all over a missing axis", () => all(x, 2), "shape", /^all: axis .*got 2/],
  ["keepDims that is no boolean", () => countNonZero(x, 0, 1 as never), "value", /^countNonZero: keepDims/],
];
for (const [name, run, code, message] of bad) {
  test(`refuse ${name}, and leave nothing behind`, () => {
    const before = { ...engine.memory(), dispatches: engine.stats().dispatches };
    engine.scope(() => refused(run, code, message));
    assert.is(engine.memory().liveBuffers, before.liveBuffers);
  });
}

test("statistics leave nothing behind but their results", () => {
  const before = engine.memory().liveBuffers;
  const y = engine.ones([4, 5], { requiresGrad: true });
  for (const { run } of Object.values(statistics)) run(y, [1]).dispose();
  for (const f of [any, all, countNonZero]) f(y, 1).dispose();
  y.dispose();
  assert.is(engine.memory().liveBuffers, before);
});

test.run();
