import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Engine } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { criticalDistance, kolmogorovSmirnov, normalDistribution } from "./support/kolmogorov-smirnov.js";

const engine = await testEngine();
const creating = suite("tensors made on the device");

creating("full, zeros and ones are what they say, at every size and dtype", async () => {
  for (const shape of [[], [0], [1], [3], [4, 5], [257]]) {
    assert.ok((await engine.full(shape, -2.5).read()).every((value) => value === -2.5));
    assert.is((await engine.zeros(shape).read()).length, shape.reduce((a, b) => a * b, 1));
    assert.ok((await engine.ones(shape, { dtype: "u32" }).read()).every((value) => value === 1));
    assert.ok((await engine.full(shape, -7, { dtype: "i32" }).read()).every((value) => value === -7));
  }
  assert.is(await engine.full([], 4294967295, { dtype: "u32" }).item(), 4294967295);
  assert.ok((await engine.zeros([5]).read()).every((value) => value === 0));
});

creating("arange counts, in whole numbers where it can", async () => {
  const whole = engine.arange(5, { start: -3, step: 2 });
  assert.is(whole.dtype, "i32");
  assert.equal([...(await whole.read())], [-3, -1, 1, 3, 5]);
  const floats = engine.arange(3, { start: 1, step: -0.25 });
  assert.is(floats.dtype, "f32");
  assert.equal([...(await floats.read())], [1, 0.75, 0.5]);
  const high = engine.arange(3, { start: 4294967293, dtype: "u32" });
  assert.equal([...(await high.read())], [4294967293, 4294967294, 4294967295]);
  assert.equal([...(await engine.arange(3, { start: 5, step: -2, dtype: "u32" }).read())], [5, 3, 1]);
  assert.equal((await engine.arange(0).read()).length, 0);
  const parameter = engine.arange(2, { requiresGrad: true });
  assert.ok(parameter.requiresGrad && parameter.dtype === "f32");
});

creating("more than 65,535 workgroups are all filled", async () => {
  using x = engine.arange(16_800_003);
  const values = await x.read();
  assert.is(values.findIndex((value, i) => value !== i), -1);
});

/** The empirical moments of a sample. */
function moments(sample: Float32Array): { mean: number; variance: number; skewness: number; kurtosis: number } {
  const { length } = sample;
  const mean = sample.reduce((a, b) => a + b, 0) / length;
  const central = (power: number): number => sample.reduce((sum, x) => sum + (x - mean) ** power, 0) / length;
  const variance = central(2);
  return { mean, variance, skewness: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

const count = 400_000;

const critical = criticalDistance(count);

creating("uniform numbers are spread evenly, strictly inside of their range", async () => {
  engine.seed(3);
  const sample = await engine.uniform([count]).read();
  assert.ok(sample.every((x) => x > 0 && x < 1));
  assert.ok(kolmogorovSmirnov(sample, (x) => x) < critical);
  const narrow = await engine.uniform([count], { low: 1000, high: 1000.001 }).read();
  assert.ok(narrow.every((x) => x > 1000 && x < 1000.001));
  const wide = await engine.uniform([1001], { low: -1, high: 3 }).read();
  assert.ok(Math.min(...wide) < -0.9 && Math.max(...wide) > 2.9 && wide.every((x) => x > -1 && x < 3));
});

creating("normal numbers have the normal distribution, in pairs that do not depend on one another", async () => {
  engine.seed(4);
  const sample = await engine.normal([count]).read();
  assert.ok(sample.every(Number.isFinite));
  assert.ok(kolmogorovSmirnov(sample, normalDistribution) < critical);
  const { mean, variance, skewness, kurtosis } = moments(sample);
  const deviations = 5 / Math.sqrt(count);
  assert.ok(Math.abs(mean) < deviations);
  assert.ok(Math.abs(variance - 1) < Math.SQRT2 * deviations);
  assert.ok(Math.abs(skewness) < Math.sqrt(6) * deviations);
  assert.ok(Math.abs(kurtosis - 3) < Math.sqrt(24) * deviations);
  for (const lag of [1, 2, 3, 4]) {
    let product = 0;
    for (let i = lag; i < count; i++) product += sample[i]! * sample[i - lag]!;
    assert.ok(Math.abs(product / count) < deviations, `lag ${lag}`);
  }
  const shifted = moments(await engine.normal([count], { mean: 5, deviation: 0.1 }).read());
  assert.ok(Math.abs(shifted.mean - 5) < 0.1 * deviations);
  assert.ok(Math.abs(Math.sqrt(shifted.variance) - 0.1) < 0.1 * deviations);
});

creating("the same seed gives the same tensors again, another seed or call others", async () => {
  const draw = async (): Promise<number[][]> => [
    [...(await engine.uniform([7]).read())],
    [...(await engine.uniform([7]).read())],
    [...(await engine.normal([7]).read())],
  ];
  engine.seed(11);
  const first = await draw();
  engine.seed(11);
  assert.equal(await draw(), first);
  assert.not.equal(first[0], first[1]);
  engine.seed(12);
  assert.not.equal((await draw())[0], first[0]);
});

creating("a shorter tensor is the beginning of a longer one", async () => {
  engine.seed(5);
  const long = await engine.uniform([103]).read();
  engine.seed(5);
  assert.equal([...(await engine.uniform([10]).read())], [...long.slice(0, 10)]);
});

const bad: readonly [name: string, run: (engine: Engine) => unknown, code: string, message: RegExp][] = [
  ["a shape that is none", (e) => e.zeros(3 as never), "shape", /^full: the shape must be an array, got 3/],
  ["a negative length", (e) => e.ones([2, -1]), "shape", /^full: a shape must be/],
  ["seven axes", (e) => e.ones([1, 1, 1, 1, 1, 1, 1]), "shape", /^full: .*at most 6 axes, got 7/],
  ["an unknown dtype", (e) => e.zeros([1], { dtype: "f64" as never }), "dtype", /^full: dtype must be f32, i32 or u32/],
  ["a misspelt option", (e) => e.zeros([1], { requireGrad: true } as never), "value", /^full: .*got requireGrad/],
  ["a fraction in i32", (e) => e.full([1], 0.5, { dtype: "i32" }), "value", /^full: .*whole number/],
  ["NaN", (e) => e.full([1], NaN), "value", /^full: value must be a finite number.*got NaN/],
  ["gradients of whole numbers", (e) => e.ones([1], { dtype: "i32", requiresGrad: true }), "dtype", /must be f32/],
  ["half an element", (e) => e.arange(1.5), "value", /^arange: count must be a whole number from 0, got 1.5/],
  ["a step out of the dtype", (e) => e.arange(3, { start: 1, step: -1, dtype: "u32" }), "value", /^arange: .*got -1/],
  ["an empty range", (e) => e.uniform([1], { low: 2, high: 2 }), "value", /^uniform: low must lie below high/],
  ["a range of no number", (e) => e.uniform([1], { low: 1, high: 1 + 1e-9 }), "value", /^uniform: low must lie below/],
  ["an infinite end", (e) => e.uniform([1], { high: Infinity }), "value", /^uniform: high must be a finite number/],
  ["whole uniforms", (e) => e.uniform([1], { dtype: "i32" }), "dtype", /^uniform: dtype must be f32, got "i32"/],
  ["a negative deviation", (e) => e.normal([1], { deviation: -1 }), "value", /^normal: deviation must not be below 0/],
  ["an unknown option of normal", (e) => e.normal([1], { std: 2 } as never), "value", /^normal: options .*got std/],
  ["a seed that is no u32", (e) => e.seed(-1), "value", /^seed: the seed must be a whole number/],
];

const ring: never[] = [];
ring.push(ring as never);
creating("arrays that hold themselves are refused, as data, shapes and axes", () => {
  refused(() => engine.tensor(ring), "value", /^tensor: data must be numbers in evenly nested arrays/);
  refused(() => engine.zeros(ring), "shape", /^full: a shape must be an array of whole numbers/);
  using x = engine.zeros([2]);
  refused(() => x.sum(ring), "shape", /^sum: axis of \[2\]/);
});

for (const [name, run, code, message] of bad) {
  creating(`refuse ${name}`, () => {
    const before = engine.memory();
    refused(() => run(engine), code, message);
    assert.is(engine.memory().liveBuffers, before.liveBuffers);
  });
}

creating.run();
