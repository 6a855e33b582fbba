import { suite } from "uvu";
import * as assert from "uvu/assert";
import { argmax, argmin, type Axes, type Engine, max, mean, min, sum, type Tensor } from "webgpu-imle";
import { hasGpu, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn, type OperationCase } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { average, randomTwin, reduceTwin, sizeOf, total } from "./support/twins.js";

const engines = { software: await testEngine({ as: "software" }), gpu: await testEngine({ as: "gpu" }) };
const engine = engines.software;

const folds = {
  sum: { run: sum, f: total },
  mean: { run: mean, f: average },
  max: { run: max, f: (elements: readonly number[]) => elements.reduce((a, b) => Math.max(a, b)) },
  min: { run: min, f: (elements: readonly number[]) => elements.reduce((a, b) => Math.min(a, b)) },
} as const;

interface Place {
  readonly shape: readonly number[];
  readonly axis?: Axes;
}

/** So that each kernel, grouping and number of stages is used. */
const places: readonly Place[] = [
  { shape: [] },
  { shape: [1] },
  { shape: [7] },
  { shape: [8] },
  { shape: [3, 5] },
  { shape: [3, 5], axis: 0 },
  { shape: [3, 5], axis: 1 },
  { shape: [3, 8], axis: 0 },
  { shape: [3, 8], axis: -1 },
  { shape: [2, 3, 4], axis: 1 },
  { shape: [2, 3, 4], axis: [0, 2] },
  { shape: [2, 3, 4], axis: [] },
  { shape: [4, 1, 3], axis: 1 },
  { shape: [3, 1, 2, 4], axis: [0, 2] },
  { shape: [2, 3, 1, 2, 2, 3], axis: [0, 2, 4] },
  { shape: [2, 2, 2, 2, 2, 2], axis: [-1, 1, 3] },
  { shape: [2, 0], axis: 0 },
];

const longPlaces: readonly Place[] = [
  { shape: [1031] },
  { shape: [5000] },
  { shape: [300_001] },
  { shape: [3, 1000], axis: 1 },
  { shape: [7, 130], axis: 1 },
  { shape: [2, 20_000], axis: 1 },
  { shape: [9000, 3], axis: 0 },
  { shape: [9000, 4], axis: 0 },
  { shape: [3, 2000, 5], axis: 1 },
  { shape: [600, 7, 40], axis: [0, 2] },
  // Enough for blocks on a processor: of rows, of columns, of columns that few lanes would share.
  { shape: [70, 1024], axis: 1 },
  { shape: [33, 2048], axis: 0 },
  { shape: [2, 2003, 32], axis: 1 },
];

function caseOf(name: keyof typeof folds, { shape, axis }: Place, keepDims: boolean): OperationCase {
  const { run, f } = folds[name];
  return {
    name: `${name} of [${shape}] over ${String(axis)}`,
    inputs: [randomTwin(shape)],
    run: (x) => run(x!, axis, keepDims),
    twin: (x) => reduceTwin(f, x, axis === undefined ? undefined : [axis].flat(), keepDims),
    tolerance: { relative: 1e-6, absolute: 2e-6 * Math.sqrt(sizeOf(shape)) },
  };
}

const reducing = suite("reductions");

for (const name of ["sum", "mean", "max", "min"] as const) {
  for (const [kind, one] of Object.entries(engines) as [string, Engine][]) {
    reducing(`${name} is its twin's over any axes (kernels for a ${kind} adapter)`, async () => {
      for (const keepDims of [false, true]) {
        await inTurn(places, (place) => expectValue(one, caseOf(name, place, keepDims)));
      }
    });
    reducing(`${name} of long axes is its twin's (kernels for a ${kind} adapter)`, async () => {
      await inTurn(longPlaces, (place) => expectValue(one, caseOf(name, place, false)));
    });
    reducing(`${name} has the gradient of its twin (kernels for a ${kind} adapter)`, async () => {
      const some = [...places.filter(({ shape }) => sizeOf(shape) > 0), { shape: [7, 140], axis: 1 }];
      await inTurn(some, (place) => expectGradients(one, { ...caseOf(name, place, false), step: 1e-6 }));
    });
  }
}

reducing("the gradient of max goes to the first of equal maxima", async () => {
  for (const one of Object.values(engines)) {
    using x = one.tensor([[1, 3, 3], [3, 0, 3]], { requiresGrad: true });
    const firsts: [Tensor, number[]][] = [
      [x.max(), [0, 1, 0, 0, 0, 0]],
      [x.max(0), [0, 1, 1, 1, 0, 0]],
      [x.max(1), [0, 1, 0, 1, 0, 0]],
    ];
    for (const [y, expected] of firsts) {
      x.grad = null;
      y.sum().backward();
      assert.equal([...(await x.grad!.read())], expected);
    }
    using long = one.zeros([100_000], { requiresGrad: true });
    long.max().backward();
    const gradient = await long.grad!.read();
    assert.is(gradient[0], 1);
    assert.is(gradient.reduce((a, b) => a + b), 1);
  }
});

reducing("argmax is the place of the first maximum", async () => {
  for (const one of Object.values(engines)) {
    const random = randomSource(4);
    for (const [rows, columns] of [[5, 3], [40, 128], [2, 10_000]] as const) {
      const values = Array.from({ length: rows * columns }, () => Math.floor(9 * random()));
      using x = one.tensor(values, [rows, columns]);
      const expected = Array.from({ length: rows }, (_, row) => {
        const own = values.slice(row * columns, (row + 1) * columns);
        return own.indexOf(Math.max(...own));
      });
      const places = argmax(x, 1);
      assert.is(places.dtype, "i32");
      assert.equal([...(await places.read())], expected);
      assert.is(await argmax(x).item(), values.indexOf(Math.max(...values)));
      assert.equal(argmax(x, 0, true).shape, [1, columns]);
      const negated = x.neg();
      assert.equal([...(await argmin(negated, 1).read())], expected);
      assert.is(await argmin(negated).item(), values.indexOf(Math.max(...values)));
    }
  }
});

reducing("an empty sum is 0", async () => {
  using x = engine.zeros([0, 3]);
  assert.equal([...(await x.sum().read())], [0]);
  assert.equal([...(await x.sum(0).read())], [0, 0, 0]);
  assert.equal([...(await x.sum(1).read())], []);
  using y = engine.zeros([2, 0], { requiresGrad: true });
  y.sum().backward();
  assert.equal(y.grad!.shape, [2, 0]);
});

reducing("whole numbers are reduced exactly, and sums wrap around", async () => {
  for (const one of Object.values(engines)) {
    using i = one.tensor(Int32Array.of(2147483647, 1, -5, 16777217, 4, 4, 4, 4));
    assert.is(await i.sum().item(), -2147483648 + 16777217 + 11);
    assert.is(await i.max().item(), 2147483647);
    assert.is(await min(i).item(), -5);
    using u = one.tensor(Uint32Array.of(4294967295, 3000000000, 7));
    assert.is(await u.max().item(), 4294967295);
    assert.is(await u.sum().item(), 3000000006);
  }
});

reducing("numbers below any other are still found: no identity shows through", async () => {
  for (const one of Object.values(engines)) {
    const lowest = -3.4028234663852886e38;
    using x = one.full([1001], lowest);
    assert.is(await x.max().item(), lowest);
    using y = one.full([130, 3], -2147483648, { dtype: "i32" });
    assert.equal([...(await y.max(0).read())], [-2147483648, -2147483648, -2147483648]);
  }
});

reducing("the same sum has the same bits every time, and a small error at a million terms", async () => {
  for (const one of Object.values(engines)) {
    const values = randomNumbers(randomSource(6), 1_000_003, 0, 1);
    using x = one.tensor(values);
    const first = await x.sum().item();
    for (let time = 0; time < 2; time++) assert.is(await x.sum().item(), first);
    expectClose("sum", [first], [total([...values])], { relative: 3e-7, absolute: 0 });
  }
});

reducing("more than 65,535 workgroups of lanes are all computed", async () => {
  using x = engine.arange(2 * 4_200_001, { dtype: "i32" });
  const sums = await x.reshape([4_200_001, 2]).sum(1).read();
  assert.is(sums.findIndex((value, i) => value !== 4 * i + 1), -1);
});

reducing("many rows, a workgroup each, are all computed", async () => {
  const rows = (await hasGpu()) ? 66_000 : 300;
  using x = engines.gpu.arange(rows * 128, { dtype: "i32" });
  const largest = await x.reshape([rows, 128]).max(1).read();
  assert.is(largest.findIndex((value, i) => value !== 128 * i + 127), -1);
});

const bad: readonly [name: string, run: (x: Tensor) => unknown, code: string, message: RegExp][] = [
  ["an axis that is not there", (x) => x.sum(2), "shape", /^sum: .*\[2, 3\].*got 2/],
  ["an axis that is no number", (x) => x.sum("0" as never), "shape", /^sum: .*got "0"/],
  ["an axis named twice", (x) => x.max([1, -1]), "shape", /^max: each axis must be named once, got \[1, -1\]/],
  ["a place along several axes", (x) => argmin(x, [0, 1] as never), "shape", /^argmin: axis must be one axis/],
  ["axes passed one by one", (x) => x.sum(0, 1 as never), "value", /^sum: keepDims must be true or false, got 1/],
  ["a mean of whole numbers", () => engine.arange(3).mean(), "dtype", /^mean: x must be f32, got i32/],
  ["a mean of nothing", () => engine.zeros([2, 0]).mean(1), "shape", /^mean: the reduced axes must not be empty/],
  ["a maximum of nothing", () => engine.zeros([0]).max(), "shape", /^max: the reduced axes must not be empty/],
  ["no tensor", () => sum([1, 2] as never), "value", /^sum: x must be a tensor/],
];

for (const [name, run, code, message] of bad) {
  reducing(`refuse ${name}`, () => {
    engine.scope(() => {
      const x = engine.zeros([2, 3]);
      refused(() => run(x), code, message);
    });
  });
}

reducing("leave nothing behind but their results", () => {
  const before = engine.memory().liveBuffers;
  engine.scope(() => {
    const x = engine.normal([600, 7, 40], { requiresGrad: true });
    const inside = engine.memory().liveBuffers;
    for (const f of [sum, mean, max, min]) f(x, [0, 2]).dispose();
    argmax(x, 1).dispose();
    assert.is(engine.memory().liveBuffers, inside);
  });
  assert.is(engine.memory().liveBuffers, before);
});

reducing.run();
