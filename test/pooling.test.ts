import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  adaptiveAveragePool2d,
  adaptiveMaxPool2d,
  averagePool2d,
  type Engine,
  maxPool2d,
  noGrad,
  type PoolOptions,
  type Tensor,
} from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn, type OperationCase } from "./support/gradients.js";
import { average, randomTwin, sizeOf, total, type Twin } from "./support/twins.js";

type Pair = readonly [number, number];
/** Where a window begins, and where it ends: the first pixel that it does not have; outside of the image is padding. */
type Interval = readonly [start: number, end: number];

const engine = await testEngine();
const asPair = (value: number | Pair): Pair => (typeof value === "number" ? [value, value] : value);

/** The windows along one axis of n pixels. */
const sliding = (n: number, size: number, stride: number, padding: number): Interval[] =>
  Array.from({ length: Math.floor((n + 2 * padding - size) / stride) + 1 }, (_, i) => {
    const start = i * stride - padding;
    return [start, start + size];
  });
const covering = (n: number, m: number): Interval[] =>
  Array.from({ length: m }, (_, i) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)]);

/** `fold` of each window's pixels in row-major order, those of the padding being `padding` (left out if undefined). */
function poolTwin(
  x: Twin,
  rows: readonly Interval[],
  columns: readonly Interval[],
  fold: (pixels: readonly number[]) => number,
  padding?: number,
): Twin {
  const [images, channels, height, width] = x.shape as [number, number, number, number];
  const values: number[] = [];
  for (let plane = 0; plane < images * channels; plane++) {
    for (const [top, bottom] of rows) {
      for (const [left, right] of columns) {
        const pixels: (number | undefined)[] = [];
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            const isInside = row >= 0 && row < height && column >= 0 && column < width;
            pixels.push(isInside ? x.values[(plane * height + row) * width + column] : padding);
          }
        }
        values.push(fold(pixels.filter((pixel) => pixel !== undefined)));
      }
    }
  }
  return { shape: [images, channels, rows.length, columns.length], values };
}

const greatest = (pixels: readonly number[]): number => Math.max(...pixels);

function slidingCase(
  kind: "max" | "average",
  shape: readonly number[],
  size: number | Pair,
  options: PoolOptions,
): OperationCase {
  const [[sizeY, sizeX], [padY, padX]] = [asPair(size), asPair(options.padding ?? 0)];
  const [strideY, strideX] = asPair(options.stride ?? size);
  return {
    name: `${kind} pool of [${shape}], size ${size}, ${JSON.stringify(options)}`,
    inputs: [randomTwin(shape, { seed: 5 })],
    run: (x) => (kind === "max" ? maxPool2d : averagePool2d)(x!, size, options),
    twin: (x) => {
      const rows = sliding(shape[2]!, sizeY, strideY, padY);
      const columns = sliding(shape[3]!, sizeX, strideX, padX);
      return kind === "max"
        ? poolTwin(x!, rows, columns, greatest)
        : poolTwin(x!, rows, columns, (pixels) => total(pixels) / (sizeY * sizeX), 0);
    },
    step: 1e-6,
  };
}

function adaptiveCase(kind: "max" | "average", shape: readonly number[], size: number | Pair): OperationCase {
  const [m, n] = asPair(size);
  return {
    name: `adaptive ${kind} pool of [${shape}] to ${size}`,
    inputs: [randomTwin(shape, { seed: 6 })],
    run: (x) => (kind === "max" ? adaptiveMaxPool2d : adaptiveAveragePool2d)(x!, size),
    twin: (x) =>
      poolTwin(x!, covering(shape[2]!, m), covering(shape[3]!, n), kind === "max" ? greatest : average),
    step: 1e-6,
  };
}

const slidingSizes: readonly (readonly [shape: readonly number[], size: number | Pair, options: PoolOptions])[] = [
  [[1, 1, 1, 1], 1, {}],
  [[2, 3, 4, 6], 2, {}],
  [[1, 2, 5, 7], 2, {}],
  [[2, 1, 7, 5], 3, { stride: 2, padding: 1 }],
  [[1, 2, 6, 9], [2, 4], { stride: [1, 3], padding: [0, 2] }],
  [[1, 1, 8, 8], 2, { stride: 3 }],
  [[1, 1, 5, 5], 5, { stride: 1, padding: 2 }],
  [[1, 2, 1, 6], [2, 3], { padding: 1, stride: 2 }],
  [[1, 1, 9, 1], [4, 1], { stride: [1, 2] }],
];
const adaptiveSizes: readonly (readonly [shape: readonly number[], size: number | Pair])[] = [
  [[1, 1, 1, 1], 1],
  [[2, 3, 6, 8], [3, 4]],
  [[2, 2, 7, 5], [3, 2]],
  [[1, 2, 10, 7], [4, 7]],
  [[1, 1, 3, 4], [5, 6]],
  [[1, 2, 5, 9], 1],
  [[1, 1, 1, 11], [2, 3]],
];
const cases = (kind: "max" | "average"): OperationCase[] => [
  ...slidingSizes.map(([shape, size, options]) => slidingCase(kind, shape, size, options)),
  ...adaptiveSizes.map(([shape, size]) => adaptiveCase(kind, shape, size)),
];

const pooling = suite("pooling");

for (const kind of ["max", "average"] as const) {
  pooling(`the ${kind} of windows is that of float64 loops, sliding and adaptive`, async () => {
    await inTurn(cases(kind), (one) => expectValue(engine, one));
    await inTurn(
      [slidingCase(kind, [3, 5, 33, 30], 3, { stride: 2, padding: 1 }), adaptiveCase(kind, [3, 5, 33, 30], [12, 7])],
      (one) => expectValue(engine, one),
    );
  });
  pooling(`the ${kind} of windows has the gradient of central differences`, async () => {
    await inTurn(cases(kind), (one) => expectGradients(engine, one));
  });
}

/** The gradient of a max pool, window by window: to the first of the greatest pixels in row-major order. */
function firstGreatest(
  x: Twin,
  rows: readonly Interval[],
  columns: readonly Interval[],
  dy: readonly number[],
): number[] {
  const gradient = x.values.map(() => 0);
  const places: Twin = { shape: x.shape, values: x.values.map((_, place) => place) };
  const chosen = poolTwin(places, rows, columns, (pixels) =>
    pixels.reduce((best, place) => (x.values[place]! > x.values[best]! ? place : best)),
  );
  chosen.values.forEach((place, window) => (gradient[place]! += dy[window]!));
  return gradient;
}

pooling("among equal pixels the first in row-major order gets the gradient, in every window", async () => {
  await scoped(engine, async () => {
    // Whole numbers from 0 to 2: nearly every window has ties, also between values below zero and −0.
    const random = randomTwin([2, 2, 9, 7], { seed: 7, low: 0, high: 3 });
    const whole = { shape: random.shape, values: random.values.map((value) => -Math.floor(value)) };
    const runs: [(x: Tensor) => Tensor, Interval[], Interval[]][] = [
      [(x) => maxPool2d(x, 3, { stride: 2, padding: 1 }), sliding(9, 3, 2, 1), sliding(7, 3, 2, 1)],
      [(x) => maxPool2d(x, [4, 2], { stride: 1 }), sliding(9, 4, 1, 0), sliding(7, 2, 1, 0)],
      [(x) => adaptiveMaxPool2d(x, [4, 3]), covering(9, 4), covering(7, 3)],
    ];
    for (const [run, rows, columns] of runs) {
      const x = engine.tensor(whole.values, whole.shape, { requiresGrad: true });
      const y = run(x);
      const dy = randomTwin(y.shape, { seed: 8 });
      y.backward(engine.tensor(dy.values, dy.shape));
      expectClose("gradient", await x.grad!.read(), firstGreatest(whole, rows, columns, dy.values));
    }
  });
});

pooling("the gradients of overlapping windows are the same bits every time", async () => {
  await scoped(engine, async () => {
    const data = randomTwin([2, 3, 20, 20], { seed: 9 });
    for (const run of [
      (x: Tensor) => maxPool2d(x, 5, { stride: 1 }),
      (x: Tensor) => averagePool2d(x, 5, { stride: 1 }),
      (x: Tensor) => adaptiveAveragePool2d(x, 7),
    ]) {
      const gradient = async (): Promise<Float32Array> => {
        const x = engine.tensor(data.values, data.shape, { requiresGrad: true });
        const y = run(x);
        y.backward(engine.tensor(randomTwin(y.shape, { seed: 10 }).values, y.shape));
        return x.grad!.read();
      };
      assert.equal(await gradient(), await gradient());
    }
  });
});

pooling("numbers far below zero are chosen where there is nothing else, and padding never is", async () => {
  await scoped(engine, async () => {
    const x = engine.full([1, 1, 3, 3], -3e38);
    assert.equal([...(await maxPool2d(x, 2, { stride: 2, padding: 1 }).read())], new Array(4).fill(Math.fround(-3e38)));
  });
});

pooling("forward and backward are one dispatch each; without a gradient no places are kept", () => {
  engine.scope(() => {
    const x = engine.ones([2, 3, 8, 8], { requiresGrad: true });
    for (const run of [maxPool2d, averagePool2d, adaptiveMaxPool2d, adaptiveAveragePool2d]) {
      const [dispatches, buffers] = [engine.stats().dispatches, engine.memory().liveBuffers];
      const unrecorded = noGrad(() => run(x, 2));
      assert.is(engine.memory().liveBuffers - buffers, 1);
      assert.is(engine.stats().dispatches - dispatches, 1);
      const y = run(x, 2);
      const dy = engine.ones(y.shape);
      x.grad = null;
      const before = engine.stats().dispatches;
      y.backward(dy);
      assert.is(engine.stats().dispatches - before, 1, run.name);
      unrecorded.dispose();
    }
  });
});

pooling("training through a pool frees what it kept", async () => {
  const plain = await testEngine({ debug: false });
  const x = plain.ones([1, 2, 6, 6], { requiresGrad: true });
  const step = (): void => plain.scope(() => maxPool2d(x, 2).sum().backward());
  step();
  const { liveBuffers } = plain.memory();
  for (let i = 0; i < 5; i++) step();
  assert.is(plain.memory().liveBuffers, liveBuffers);
});

pooling("more than 65,535 workgroups are all computed", async () => {
  await scoped(engine, async () => {
    const side = 2050;
    const x = engine.ones([1, 1, side, side], { requiresGrad: true });
    const y = maxPool2d(x, 1);
    y.backward(y);
    assert.is((await y.read()).findIndex((value) => value !== 1), -1);
    assert.is((await x.grad!.read()).findIndex((value) => value !== 1), -1);
  });
});

pooling("no image and no channel give none, and a gradient without elements", async () => {
  await scoped(engine, async () => {
    for (const shape of [[0, 3, 4, 4], [2, 0, 4, 4]]) {
      for (const run of [maxPool2d, averagePool2d, adaptiveMaxPool2d, adaptiveAveragePool2d]) {
        const x = engine.zeros(shape, { requiresGrad: true });
        const y = run(x, 2);
        assert.equal([...y.shape], [...shape.slice(0, 2), 2, 2]);
        y.sum().backward();
        assert.equal([...x.grad!.shape], shape);
        assert.is((await y.read()).length, 0);
      }
    }
  });
});

pooling("wrapped buffers that end at their last element can be pooled", async () => {
  await scoped(engine, async () => {
    const twin = randomTwin([1, 1, 3, 5], { seed: 11 });
    const buffer = engine.device.createBuffer({ size: 4 * sizeOf(twin.shape), usage: 0x80 | 0x8 });
    engine.device.queue.writeBuffer(buffer, 0, Float32Array.from(twin.values));
    const x = engine.wrap(buffer, twin.shape);
    const expected = poolTwin(twin, sliding(3, 2, 1, 0), sliding(5, 2, 1, 0), greatest);
    expectClose("wrapped", await maxPool2d(x, 2, { stride: 1 }).read(), expected.values);
  });
});

const refusals = suite("pooling refuses");

refusals("wrong ranks, empty images, sizes, strides, paddings, options and dtypes", async () => {
  await scoped(engine, async () => refuseAll(engine));
});

function refuseAll(engine: Engine): void {
  const wrong = (value: unknown): never => value as never;
  const x = engine.ones([1, 2, 5, 4]);
  const [empty, plane] = [engine.ones([1, 2, 0, 4]), engine.ones([5, 4])];
  const whole = engine.arange(4).reshape([1, 1, 2, 2]);
  const gone = engine.ones([1, 1, 4, 4]);
  gone.dispose();
  const long = engine.zeros([1, 1, 1, 70_000]);
  const { dispatches } = engine.stats();
  for (const run of [maxPool2d, averagePool2d, adaptiveMaxPool2d, adaptiveAveragePool2d]) {
    const { name } = run;
    const says = (text: string): RegExp => new RegExp(`^${name}: ${text}`);
    refused(() => run(wrong([1]), 2), "value", says("x must be a tensor"));
    refused(() => run(whole, 1), "dtype", says("x must be f32, got i32"));
    refused(() => run(plane, 2), "shape", says("x must be \\[images, .*got shape \\[5, 4\\]"));
    refused(() => run(empty, 1), "shape", says("x must be .*got shape \\[1, 2, 0, 4\\]"));
    refused(() => run(gone, 2), "disposed", says("a tensor must be alive"));
    for (const size of [0, -1, 1.5, NaN, [2], [2, 0], [1, 2, 3], null, "2", undefined]) {
      refused(() => run(x, wrong(size)), "value", says("size must be a whole number from 1"));
    }
  }
  for (const run of [maxPool2d, averagePool2d]) {
    const says = (text: string): RegExp => new RegExp(`^${run.name}: ${text}`);
    refused(() => run(x, 2, { stride: 0 }), "value", says("stride must be a whole number from 1"));
    refused(() => run(x, 2, { padding: -1 }), "value", says("padding must be a whole number from 0"));
    refused(() => run(x, 3, { padding: 2 }), "value", says("padding must be at most half .*got \\[2, 2\\]"));
    refused(() => run(x, [5, 5]), "shape", says("size must be at most .*\\[5, 4\\], got \\[5, 5\\]"));
    refused(() => run(x, 2, wrong({ strides: 1 })), "value", says("options .*got strides"));
    refused(() => run(x, 2, wrong(null)), "value", says("options"));
  }
  refused(() => adaptiveMaxPool2d(long, [1, 65_535]), "limit", /^adaptiveMaxPool2d: \(size \+ 1\)/);
  assert.is(engine.stats().dispatches, dispatches, "nothing is recorded by what is refused");
}

pooling.run();
refusals.run();
