import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  absoluteError,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  hammingLoss,
  huberLoss,
  klDivergence,
  logSoftmax,
  type LossOptions,
  type Reduction,
  squaredError,
  type Tensor,
} from "webgpu-imle";
import { hasGpu, testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn } from "./support/gradients.js";
import { randomSource, randomWhole } from "./support/random.js";
import { average, logSoftmaxRow, mapTwin, randomTwin, sizeOf, total, type Twin } from "./support/twins.js";

const engines = { software: await testEngine({ as: "software" }), gpu: await testEngine({ as: "gpu" }) };
const engine = engines.software;

const reductions: readonly Reduction[] = ["mean", "sum", "none"];

function reduced(losses: Twin, reduction: Reduction): Twin {
  if (reduction === "none") return losses;
  return { shape: [], values: [reduction === "mean" ? average(losses.values) : total(losses.values)] };
}

const huber = (distance: number, delta: number): number =>
  Math.abs(distance) <= delta ? distance ** 2 / 2 : delta * (Math.abs(distance) - delta / 2);

const elementLosses = {
  squaredError: { run: squaredError, f: (a: number, b: number) => (a - b) ** 2, low: -2, high: 2 },
  binaryCrossEntropy: {
    run: binaryCrossEntropy,
    f: (p: number, t: number) => -(t * Math.log(p) + (1 - t) * Math.log1p(-p)),
    low: 0.02,
    high: 0.98,
  },
  absoluteError: { run: absoluteError, f: (a: number, b: number) => Math.abs(a - b), low: -2, high: 2 },
  hammingLoss: { run: hammingLoss, f: (a: number, b: number) => a * (1 - b) + (1 - a) * b, low: 0, high: 1 },
  huberLoss: { run: huberLoss, f: (a: number, b: number) => huber(a - b, 1), low: -3, high: 3 },
  "huberLoss with another delta": {
    run: (a: Tensor, b: Tensor, options: LossOptions) => huberLoss(a, b, { ...options, delta: 0.4 }),
    f: (a: number, b: number) => huber(a - b, 0.4),
    low: -2,
    high: 2,
  },
  binaryCrossEntropyWithLogits: {
    run: binaryCrossEntropyWithLogits,
    f: (x: number, t: number) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
    low: -6,
    high: 6,
  },
} as const;

const losses = suite("losses");

for (const [name, { run, f, low, high }] of Object.entries(elementLosses)) {
  losses(`${name} and its gradients for both arguments are its twin's, under every reduction`, async () => {
    for (const reduction of reductions) {
      await inTurn([[], [1], [5], [4, 3], [2, 2, 2]], async (shape) => {
        const operation = {
          name: `${name} ${reduction} [${shape}]`,
          inputs: [randomTwin(shape, { low, high }), randomTwin(shape, { low: 0, high: 1, seed: 6 })],
          run: (a: never, b: never) => run(a, b, { reduction }),
          twin: (a: Twin, b: Twin) => reduced(mapTwin(f, a, b), reduction),
          gradientTolerance: { relative: 1e-3, absolute: 1e-4 },
        };
        await Promise.all([expectValue(engine, operation as never), expectGradients(engine, operation as never)]);
      });
    }
  });
}

losses("binary cross-entropy is finite for certain predictions, right or wrong", async () => {
  using p = engine.tensor([0, 1, 0, 1], { requiresGrad: true });
  using t = engine.tensor([0, 1, 1, 0]);
  const values = await binaryCrossEntropy(p, t, { reduction: "none" }).read();
  expectClose("losses", values, [0, 0, 87.336, 87.336], { absolute: 0.01 });
  binaryCrossEntropy(p, t).backward();
  assert.ok((await p.grad!.read()).every(Number.isFinite));
  using x = engine.tensor([-1000, 1000, -1000, 1000]);
  expectClose("logits", await binaryCrossEntropyWithLogits(x, t, { reduction: "none" }).read(), [0, 0, 1000, 1000]);
});

losses("klDivergence of rows is its twin's, with its gradients, and 0 adds nothing", async () => {
  const twin = (p: Twin, q: Twin, reduction: Reduction): Twin => {
    const columns = p.shape.at(-1)!;
    const rows = Array.from({ length: sizeOf(p.shape) / columns }, (_, row) =>
      total(
        q.values.slice(row * columns, (row + 1) * columns).map((value, column) => {
          return value > 0 ? value * (Math.log(value) - p.values[row * columns + column]!) : 0;
        }),
      ),
    );
    return reduced({ shape: p.shape.slice(0, -1), values: rows }, reduction);
  };
  for (const reduction of reductions) {
    await inTurn([[3], [4, 5], [2, 3, 4]], async (shape) => {
      const operation = {
        name: `klDivergence ${reduction} [${shape}]`,
        inputs: [randomTwin(shape, { low: -3, high: 0 }), randomTwin(shape, { low: 0.1, high: 1, seed: 6 })],
        run: (p: never, q: never) => klDivergence(p, q, { reduction }),
        twin: (p: Twin, q: Twin) => twin(p, q, reduction),
        gradientTolerance: { relative: 1e-3, absolute: 1e-4 },
      };
      await Promise.all([expectValue(engine, operation as never), expectGradients(engine, operation as never)]);
    });
  }
  using even = logSoftmax(engine.zeros([1, 4]));
  using certain = engine.tensor([[0, 1, 0, 0]]);
  expectClose("of a certain target", [await klDivergence(even, certain).item()], [Math.log(4)]);
  expectClose("of itself", [await klDivergence(even, engine.full([1, 4], 0.25)).item()], [0], { absolute: 1e-6 });
});

const shapes: readonly (readonly number[])[] = [[1], [4], [3, 5], [6, 8], [2, 3, 4], [9, 131], [5, 132], [2, 2000]];

function rowTwin(logits: Twin, classes: Int32Array): Twin {
  const columns = logits.shape.at(-1)!;
  const row = (i: number): readonly number[] => logits.values.slice(i * columns, (i + 1) * columns);
  const values = Array.from(classes, (chosen, i) => -logSoftmaxRow(row(i))[chosen]!);
  return { shape: logits.shape.slice(0, -1), values };
}

for (const [kind, one] of Object.entries(engines)) {
  losses(`crossEntropy is its twin's, under every reduction (kernels for a ${kind} adapter)`, async () => {
    const random = randomSource(8);
    for (const reduction of reductions) {
      await inTurn(shapes, async (shape) => {
        const rows = shape.slice(0, -1);
        const classes = Int32Array.from({ length: sizeOf(rows) }, () => randomWhole(random, 0, shape.at(-1)! - 1));
        const operation = {
          name: `crossEntropy ${reduction} [${shape}]`,
          inputs: [randomTwin(shape, { low: -5, high: 5 })],
          run: (x: never) => crossEntropy(x, one.tensor(classes, rows), { reduction }),
          twin: (x: Twin) => reduced(rowTwin(x, classes), reduction),
          tolerance: { relative: 2e-6, absolute: 4e-6 },
          gradientTolerance: { relative: 1e-3, absolute: 2e-5 },
        };
        await expectValue(one, operation as never);
        if (sizeOf(shape) < 200) await expectGradients(one, operation as never);
      });
    }
  });

  losses(`crossEntropy leaves ignored rows out, and smooths (kernels for a ${kind} adapter)`, async () => {
    const random = randomSource(18);
    const few: readonly (readonly number[])[] = [[3, 5], [6, 8], [2, 3, 4]];
    for (const [ignoreIndex, labelSmoothing] of [[-1, 0], [2, 0.25], [undefined, 0.1], [-1, 1]] as const) {
      for (const reduction of reductions) {
        await inTurn(few, async (shape) => {
          const [columns, rows] = [shape.at(-1)!, shape.slice(0, -1)];
          const classes = Int32Array.from({ length: sizeOf(rows) }, (_, i) =>
            i % 2 === 0 && ignoreIndex !== undefined ? ignoreIndex : randomWhole(random, 0, columns - 1),
          );
          const twin = (x: Twin): Twin => {
            const values = Array.from(classes, (chosen, i) => {
              if (chosen === ignoreIndex) return 0;
              const logs = logSoftmaxRow(x.values.slice(i * columns, (i + 1) * columns));
              return -(1 - labelSmoothing) * logs[chosen]! - labelSmoothing * average(logs);
            });
            if (reduction !== "mean") return reduced({ shape: rows, values }, reduction);
            return { shape: [], values: [total(values) / classes.filter((chosen) => chosen !== ignoreIndex).length] };
          };
          const options = { reduction, labelSmoothing, ...(ignoreIndex !== undefined && { ignoreIndex }) };
          const operation = {
            name: `crossEntropy ${JSON.stringify(options)} [${shape}]`,
            inputs: [randomTwin(shape, { low: -5, high: 5 })],
            run: (x: never) => crossEntropy(x, one.tensor(classes, rows), options),
            twin,
            tolerance: { relative: 4e-6, absolute: 8e-6 },
            gradientTolerance: { relative: 1e-3, absolute: 2e-5 },
          };
          await Promise.all([expectValue(one, operation as never), expectGradients(one, operation as never)]);
        });
      }
    }
    using x = one.normal([2, 3], { requiresGrad: true });
    using nothing = one.tensor(Int32Array.of(-1, -1));
    const loss = crossEntropy(x, nothing, { ignoreIndex: -1 });
    assert.is(await loss.item(), 0);
    loss.backward();
    assert.equal([...(await x.grad!.read())], [0, 0, 0, 0, 0, 0]);
  });

  losses(`crossEntropy keeps small losses beside large logits (kernels for a ${kind} adapter)`, async () => {
    using x = one.tensor([[1e6, 1e6 - 8, 0, -1e6], [-3e38, -3e38, -3e38, -3e38]]);
    using classes = one.tensor(Int32Array.of(0, 3));
    const values = await crossEntropy(x, classes, { reduction: "none" }).read();
    expectClose("losses", values, [Math.log1p(Math.exp(-8)), Math.log(4)], { relative: 1e-3, absolute: 1e-6 });
  });

  losses(`a class out of range rejects the next read (kernels for a ${kind} adapter)`, async () => {
    for (const wrong of [-1, 3]) {
      using x = one.zeros([4, 3]);
      using classes = one.tensor(Int32Array.of(0, 2, wrong, wrong));
      using loss = crossEntropy(x, classes);
      await rejected(loss.item(), "value", /^crossEntropy: classes must be .* row 2/);
      using right = one.tensor(Int32Array.of(0, 1, 2, 0));
      expectClose("then", [await crossEntropy(x, right).item()], [Math.log(3)]);
    }
  });
}

losses("the mean of many rows is computed from all of them", async () => {
  const rows = (await hasGpu()) ? 66_000 : 300;
  for (const one of Object.values(engines)) {
    using x = one.zeros([rows, 36], { requiresGrad: true });
    using classes = one.arange(rows);
    using few = classes.mul(0);
    const loss = crossEntropy(x, few);
    expectClose("loss", [await loss.item()], [Math.log(36)]);
    loss.backward();
    using sums = x.grad!.sum(0);
    expectClose("gradient", await sums.read(), [1 / 36 - 1, ...new Array<number>(35).fill(1 / 36)], { absolute: 1e-5 });
  }
});

losses("an empty batch sums to 0 and has no mean", async () => {
  const x = engine.zeros([0, 3], { requiresGrad: true });
  const classes = engine.zeros([0], { dtype: "i32" });
  const loss = crossEntropy(x, classes, { reduction: "sum" });
  assert.is(await loss.item(), 0);
  loss.backward();
  assert.equal(x.grad!.shape, [0, 3]);
  refused(() => crossEntropy(x, classes), "shape", /^crossEntropy: a mean must be of at least one loss/);
  refused(() => squaredError(x, x), "shape", /^squaredError: a mean must be of at least one loss/);
});

losses("forward is at most three dispatches, and backward is one", () => {
  engine.scope(() => {
    const x = engine.zeros([100, 10], { requiresGrad: true });
    const classes = engine.zeros([100], { dtype: "i32" });
    const dy = engine.ones([]);
    const before = engine.stats().dispatches;
    const loss = crossEntropy(x, classes);
    assert.ok(engine.stats().dispatches - before <= 3);
    const forward = engine.stats().dispatches;
    loss.backward(dy);
    assert.is(engine.stats().dispatches - forward, 1);
  });
});

const x = engine.zeros([2, 3]);
const classes = engine.zeros([2], { dtype: "i32" });
const bad: readonly [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["one-hot targets", () => crossEntropy(x, x), "dtype", /^crossEntropy: classes must be i32, got f32/],
  ["a class a column", () => crossEntropy(x, engine.zeros([3], { dtype: "i32" })), "shape", /\[2, 3\] and \[3\]$/],
  ["whole logits", () => crossEntropy(classes, classes), "dtype", /^crossEntropy: logits must be f32, got i32/],
  ["logits of rank 0", () => crossEntropy(engine.zeros([]), classes), "shape", /^crossEntropy: logits/],
  ["no columns", () => crossEntropy(engine.zeros([2, 0]), classes), "shape", /^crossEntropy: logits/],
  ["an unknown reduction", () => crossEntropy(x, classes, { reduction: "average" as never }), "value", /"average"/],
  ["an unknown option", () => squaredError(x, x, { reduce: "sum" } as never), "value", /^squaredError: .*got reduce/],
  ["options that are none", () => squaredError(x, x, "sum" as never), "value", /^squaredError: options/],
  ["shapes that would broadcast", () => squaredError(x, engine.zeros([3])), "shape", /^squaredError: .*one shape/],
  ["whole targets", () => binaryCrossEntropy(classes, classes), "dtype", /^binaryCrossEntropy: the prediction/],
  ["a smoothing above 1", () => crossEntropy(x, classes, { labelSmoothing: 1.1 }), "value", /labelSmoothing .*got 1.1/],
  ["a fraction to ignore", () => crossEntropy(x, classes, { ignoreIndex: 0.5 }), "value", /ignoreIndex .*got 0.5/],
  ["a delta of 0", () => huberLoss(x, x, { delta: 0 }), "value", /^huberLoss: delta must be above 0, got 0/],
  ["a scalar for rows", () => klDivergence(engine.zeros([]), engine.zeros([])), "shape", /^klDivergence: the last axis/],
  ["no target", () => binaryCrossEntropyWithLogits(x, 1 as never), "value", /^binaryCross.*: the target must/],
];

for (const [name, run, code, message] of bad) losses(`refuse ${name}`, () => refused(run, code, message));

losses.run();
