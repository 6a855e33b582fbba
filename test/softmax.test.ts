import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Engine, logSoftmax, softmax } from "webgpu-imle";
import { hasGpu, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn, type OperationCase } from "./support/gradients.js";
import { logSoftmaxRow, randomTwin, rowsTwin, sizeOf, softmaxRow } from "./support/twins.js";

const engines = { software: await testEngine({ as: "software" }), gpu: await testEngine({ as: "gpu" }) };
const engine = engines.software;

const operations = {
  softmax: { run: softmax, row: softmaxRow },
  logSoftmax: { run: logSoftmax, row: logSoftmaxRow },
} as const;

const small: readonly (readonly [shape: readonly number[], axis: number])[] = [
  [[1], 0],
  [[5], -1],
  [[3, 4], 1],
  [[3, 4], 0],
  [[3, 5], 1],
  [[3, 5], 0],
  [[2, 3, 2], 1],
  [[2, 3, 4], -2],
  [[1, 2, 1, 2, 3, 2], 4],
];
const large: typeof small = [
  [[70, 130], 1],
  [[70, 133], 1],
  [[9, 2000], 1],
  [[300, 64], 0],
  [[4, 40, 33], 1],
  [[2, 20_000], 1],
  [[0, 4], 1],
  [[4, 0], 1],
];

function caseOf(name: keyof typeof operations, shape: readonly number[], axis: number): OperationCase {
  const { run, row } = operations[name];
  return {
    name: `${name} of [${shape}] along ${axis}`,
    inputs: [randomTwin(shape, { low: -4, high: 4 })],
    run: (x) => run(x!, axis),
    twin: (x) => rowsTwin(row, x, axis),
    tolerance: { relative: 5e-6, absolute: name === "softmax" ? 1e-8 : 4e-6 },
    gradientTolerance: { relative: 1e-3, absolute: 5e-6 },
  };
}

const rows = suite("softmax and its logarithm");

for (const name of ["softmax", "logSoftmax"] as const) {
  for (const [kind, one] of Object.entries(engines) as [string, Engine][]) {
    rows(`${name} is its twin's (kernels for a ${kind} adapter)`, async () => {
      await inTurn([...small, ...large], ([shape, axis]) => expectValue(one, caseOf(name, shape, axis)));
    });
    rows(`${name} has the gradient of its twin (kernels for a ${kind} adapter)`, async () => {
      await inTurn([...small, [[2, 140], 1] as const], ([shape, axis]) =>
        expectGradients(one, caseOf(name, shape, axis)),
      );
    });
    rows(`${name} of long rows has a gradient whose rows sum to 0 (kernels for a ${kind} adapter)`, async () => {
      for (const [shape, axis] of large.filter(([shape]) => sizeOf(shape) > 0)) {
        using x = one.tensor(randomTwin(shape).values, shape, { requiresGrad: true });
        operations[name].run(x, axis).backward(one.tensor(randomTwin(shape, { seed: 8 }).values, shape));
        using sums = x.grad!.sum(axis);
        const values = await sums.read();
        expectClose("sums", values, new Array<number>(values.length).fill(0), { absolute: 2e-3 });
      }
    });
  }
}

rows("large numbers do not overflow", async () => {
  for (const one of Object.values(engines)) {
    using x = one.tensor([[1e4, 0, -1e4, 1e4], [-3e38, -3e38, -3e38, -3e38]]);
    expectClose("softmax", await softmax(x).read(), [0.5, 0, 0, 0.5, 0.25, 0.25, 0.25, 0.25]);
    const quarter = -Math.log(4);
    const expected = [-Math.LN2, -1e4 - Math.LN2, -2e4 - Math.LN2, -Math.LN2, quarter, quarter, quarter, quarter];
    expectClose("logSoftmax", await logSoftmax(x).read(), expected);
  }
});

rows("forward and backward are one dispatch each", () => {
  for (const one of Object.values(engines)) {
    one.scope(() => {
      const x = one.ones([200, 128], { requiresGrad: true });
      const dy = one.ones([200, 128]);
      const before = one.stats().dispatches;
      const y = softmax(x);
      assert.is(one.stats().dispatches - before, 1);
      y.backward(dy);
      assert.is(one.stats().dispatches - before, 2);
    });
  }
});

rows("more than 65,535 workgroups are all computed", async () => {
  using x = engine.ones([4_200_001, 2]);
  const lanes = await softmax(x).read();
  assert.is(lanes.findIndex((value) => value !== 0.5), -1);
  const rows = (await hasGpu()) ? 65_600 : 300;
  using long = engines.gpu.zeros([rows, 33]);
  const values = await softmax(long).read();
  assert.is(values.findIndex((value) => Math.abs(value - 1 / 33) > 1e-7), -1);
});

rows("refuse an axis that is not there, whole numbers and no tensor", () => {
  engine.scope(() => {
    refused(() => softmax(engine.ones([2, 3]), 2), "shape", /^softmax: .*ax[ei]s/);
    refused(() => softmax(engine.ones([])), "shape", /^softmax: .*ax[ei]s/);
    refused(() => logSoftmax(engine.arange(3)), "dtype", /^logSoftmax: x must be f32, got i32/);
    refused(() => softmax([1] as never), "value", /^softmax: x must be a tensor/);
  });
});

rows.run();
