import { suite } from "uvu";
import * as assert from "uvu/assert";
import { argsort, cumulativeSum, sort, takeAlongAxis, topKValues } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectGradients, expectValue, inTurn } from "./support/gradients.js";
import { randomSource, randomWhole } from "./support/random.js";
import { randomTwin, rowsTwin, sizeOf, type Twin } from "./support/twins.js";

const engine = await testEngine();

const places: readonly { readonly shape: readonly number[]; readonly axis: number }[] = [
  { shape: [1], axis: 0 },
  { shape: [7], axis: -1 },
  { shape: [5, 33], axis: 1 },
  { shape: [64, 3], axis: 0 },
  { shape: [3, 200, 4], axis: 1 },
  { shape: [2, 3, 2, 1, 2, 5], axis: -1 },
  { shape: [2000], axis: 0 },
  { shape: [3, 0], axis: 1 },
  { shape: [0, 3], axis: 1 },
];

/** Few different values, so that there are ties. */
function tied(shape: readonly number[], low: number, seed: number): Twin {
  const random = randomSource(seed);
  return { shape, values: Array.from({ length: sizeOf(shape) }, () => randomWhole(random, low, 20)) };
}

const order = (row: readonly number[], sign: number): number[] =>
  row.map((_, i) => i).sort((a, b) => sign * (row[a]! - row[b]!) || a - b);

/** The first so many along an axis. */
function firstAlong({ shape, values }: Twin, axis: number, count: number): number[] {
  const along = axis < 0 ? axis + shape.length : axis;
  const inner = sizeOf(shape.slice(along + 1));
  return values.filter((_, i) => Math.floor(i / inner) % shape[along]! < count);
}

const sorting = suite("sort");

for (const descending of [false, true]) {
  const sign = descending ? -1 : 1;
  const way = descending ? "down" : "up";
  sorting(`argsort ${way} gives the places in order, ties lowest first, for every dtype`, async () => {
    for (const dtype of ["f32", "i32", "u32"] as const) {
      await inTurn(places, async ({ shape, axis }) => {
        const x = tied(shape, dtype === "u32" ? 0 : -20, 5);
        const found = argsort(engine.tensor(x.values, shape, { dtype }), axis, { descending });
        assert.is(found.dtype, "i32");
        const expected = rowsTwin((row) => order(row, sign), x, axis).values;
        assert.equal([...(await found.read<"i32">())], expected, `${dtype} [${shape}]`);
      });
    }
  });

  sorting(`sort ${way} is its twin's, and its gradients go back to where they came from`, async () => {
    await inTurn(places, async ({ shape, axis }) => {
      const operation = {
        name: `sort [${shape}] along ${axis}`,
        inputs: [randomTwin(shape, { seed: 3 })],
        run: (x: never) => sort(x, axis, { descending }),
        twin: (x: Twin) => rowsTwin((row) => [...row].sort((a, b) => sign * (a - b)), x, axis),
        step: 1e-7,
      };
      await expectValue(engine, operation as never);
      if (sizeOf(shape) < 300) await expectGradients(engine, operation as never);
    });
  });
}

sorting("all numbers of f32 are put in order, −0 beside 0", async () => {
  const values = [3e38, -0, 1e-38, 0, -1e-38, -3e38, 1e-45, -1e-45, 5, -5];
  const x = engine.tensor(values);
  assert.equal([...(await argsort(x).read<"i32">())], order([...(await x.read())], 1));
  const words = Uint32Array.of(4294967295, 0, 2147483648, 2147483647);
  assert.equal([...(await sort(engine.tensor(words)).read<"u32">())], [0, 2147483647, 2147483648, 4294967295]);
});

sorting("a long row is a permutation of itself in order, whole numbers exactly", async () => {
  const random = randomSource(4);
  const values = Int32Array.from({ length: 100_003 }, () => randomWhole(random, -(2 ** 31), 2 ** 31 - 1));
  assert.equal(await sort(engine.tensor(values)).read<"i32">(), values.slice().sort());
});

sorting("topKValues gives the k largest and their places, along any axis, with gradients", async () => {
  for (const { shape, axis } of places) {
    const along = axis < 0 ? axis + shape.length : axis;
    for (const k of [...new Set([0, 1, Math.min(3, shape[along]!), shape[along]!])].filter((k) => k <= shape[along]!)) {
      const x = tied(shape, -20, 6);
      const tensor = engine.tensor(x.values, shape, { requiresGrad: true });
      const { values, indices } = topKValues(tensor, k, axis);
      assert.equal(values.shape, shape.map((length, i) => (i === along ? k : length)));
      assert.equal(indices.shape, values.shape);
      const whole = argsort(tensor, axis, { descending: true });
      const all = { shape, values: [...(await whole.read())] };
      assert.equal([...(await indices.read<"i32">())], firstAlong(all, along, k));
      const sorted = rowsTwin((row) => [...row].sort((a, b) => b - a), x, axis);
      assert.equal([...(await values.read())], firstAlong(sorted, along, k));
      values.sum().backward();
      const mask = rowsTwin((row) => row.map((_, i) => Number(order(row, -1).indexOf(i) < k)), x, axis).values;
      assert.equal([...(await tensor.grad!.read())], mask);
    }
  }
});

sorting("topKValues of few among many: ties lowest first, ±0 equal, the lowest of numbers, stretches of many lengths", async () => {
  const random = randomSource(12);
  const cases = [
    { shape: [3, 1000], axis: 1 },
    { shape: [1, 40_000], axis: 1 },
    { shape: [300, 129], axis: -1 },
    { shape: [517, 2], axis: 0 },
  ] as const;
  for (const { shape, axis } of cases) {
    for (const dtype of ["f32", "u32"] as const) {
      const lowest = dtype === "f32" ? Math.fround(-3.4e38) : 0;
      const drawn = [lowest, lowest + (dtype === "f32" ? 0 : 1), dtype === "f32" ? -0 : 2, 0, 7, 1e9];
      const values = Array.from({ length: sizeOf(shape) }, () => Math.fround(drawn[randomWhole(random, 0, 5)]!));
      // A row of the lowest alone.
      const x = { shape, values: values.map((value, i) => (i < shape[1] ? lowest : value)) };
      for (const k of [1, 5, 16]) {
        const top = topKValues(engine.tensor(x.values, shape, { dtype }), k, axis);
        const [found, best] = await Promise.all([top.indices.read<"i32">(), top.values.read()]);
        const [firstPlaces, firstValues] = [
          rowsTwin((row) => order(row, -1), x, axis),
          rowsTwin((row) => order(row, -1).map((place) => row[place]!), x, axis),
        ].map((twin) => firstAlong(twin, axis, k));
        assert.equal([...found], firstPlaces, `places, ${dtype} [${shape}], k ${k}`);
        assert.equal([...best], firstValues, `values, ${dtype} [${shape}], k ${k}`);
      }
    }
  }
});

sorting("the sorted row is what takeAlongAxis takes at the places of argsort", async () => {
  const x = engine.normal([4, 50]);
  assert.equal(await takeAlongAxis(x, argsort(x), -1).read(), await sort(x).read());
});

const summing = suite("cumulativeSum");

const directions = [{}, { reverse: true }, { exclusive: true }, { reverse: true, exclusive: true }] as const;
const running = (row: readonly number[], { reverse = false, exclusive = false } = {}): number[] => {
  const ordered = reverse ? [...row].reverse() : row;
  let sum = 0;
  const sums = ordered.map((value) => {
    const before = sum;
    sum += value;
    return exclusive ? before : sum;
  });
  return reverse ? sums.reverse() : sums;
};
const long = [...places, { shape: [3, 1000], axis: 1 }, { shape: [700, 8], axis: 0 }, { shape: [20_011], axis: 0 }];

for (const options of directions) {
  summing(`running sums ${JSON.stringify(options)} are their twin's, and so are their gradients`, async () => {
    await inTurn(long, async ({ shape, axis }) => {
      const operation = {
        name: `cumulativeSum [${shape}] along ${axis}`,
        inputs: [randomTwin(shape, { seed: 8 })],
        run: (x: never) => cumulativeSum(x, axis, options),
        twin: (x: Twin) => rowsTwin((row) => running(row, options), x, axis),
        tolerance: { relative: 1e-5, absolute: 1e-3 },
      };
      await expectValue(engine, operation as never);
      if (sizeOf(shape) < 300) await expectGradients(engine, { ...operation, tolerance: {}, step: 1e-3 } as never);
    });
  });
}

summing("whole numbers are summed exactly, and wrap around", async () => {
  const x = engine.ones([100_000], { dtype: "i32" });
  const sums = await cumulativeSum(x, 0).read<"i32">();
  assert.is(sums.findIndex((value, i) => value !== i + 1), -1);
  const high = engine.tensor(Uint32Array.of(4294967295, 2, 3));
  assert.equal([...(await cumulativeSum(high, 0).read<"u32">())], [4294967295, 1, 4]);
});

const x = engine.zeros([2, 3]);
const bad: readonly [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["a missing axis", () => sort(x, 2), "shape", /^sort: axis .*got 2/],
  ["a scalar", () => argsort(engine.zeros([])), "shape", /^argsort: axis/],
  ["an order that is no boolean", () => sort(x, 0, { descending: 1 as never }), "value", /^sort: descending .*got 1/],
  ["an option that is none", () => argsort(x, 0, { desc: true } as never), "value", /^argsort: options .*got desc/],
  ["more than there are", () => topKValues(x, 4), "value", /^topKValues: k .*0 to 3.*got 4/],
  ["a k below 0", () => topKValues(x, -1), "value", /^topKValues: k .*got -1/],
  ["no tensor", () => cumulativeSum(1 as never, 0), "value", /^cumulativeSum: x must be a tensor/],
  ["no axis", () => cumulativeSum(x, undefined as never), "shape", /^cumulativeSum: axis .*got undefined/],
  ["a direction that is no boolean", () => cumulativeSum(x, 0, { reverse: 1 as never }), "value", /reverse .*got 1/],
];
for (const [name, run, code, message] of bad) summing(`refuse ${name}`, () => refused(run, code, message));

summing("sorts and running sums leave nothing behind but their results", () => {
  const before = engine.memory().liveBuffers;
  const y = engine.normal([5, 700], { requiresGrad: true });
  for (const made of [sort(y, 0), argsort(y), cumulativeSum(y, 1)]) made.dispose();
  const { values, indices } = topKValues(y, 2);
  for (const made of [values, indices, y]) made.dispose();
  assert.is(engine.memory().liveBuffers, before);
});

sorting.run();
summing.run();
