import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  constantParameter,
  kaimingNormal,
  kaimingUniform,
  normalParameter,
  type Tensor,
  truncatedNormalParameter,
  uniformParameter,
  xavierNormal,
  xavierUniform,
} from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { criticalDistance, kolmogorovSmirnov, normalDistribution } from "./support/kolmogorov-smirnov.js";

const engine = await testEngine();
const initial = suite("initial values");

type Distribution = (x: number) => number;

const uniform =
  (low: number, high: number): Distribution =>
  (x) =>
    Math.min(Math.max((x - low) / (high - low), 0), 1);
const normal =
  (mean: number, deviation: number): Distribution =>
  (x) =>
    normalDistribution((x - mean) / deviation);
const truncatedNormal =
  (mean: number, deviation: number, limit: number): Distribution =>
  (x) => {
    const [low, high] = [normalDistribution(-limit), normalDistribution(limit)];
    return Math.min(Math.max((normalDistribution((x - mean) / deviation) - low) / (high - low), 0), 1);
  };

const size = [400, 500];
// Fans of [400, 500]: in 500, out 400.
const laws: [name: string, make: () => Tensor, distribution: Distribution, bounds?: [number, number]][] = [
  ["uniformParameter", () => uniformParameter(engine, size), uniform(0, 1), [0, 1]],
  ["uniformParameter of a range", () => uniformParameter(engine, size, { low: -3, high: -1 }), uniform(-3, -1), [-3, -1]],
  ["normalParameter", () => normalParameter(engine, size), normal(0, 1)],
  ["normalParameter, shifted", () => normalParameter(engine, size, { mean: 2, deviation: 0.25 }), normal(2, 0.25)],
  ["truncatedNormalParameter", () => truncatedNormalParameter(engine, size), truncatedNormal(0, 1, 2), [-2, 2]],
  ...[0.1, 1, 3, 5].map(
    (limit): (typeof laws)[number] => [
      `truncatedNormalParameter within ${limit} deviations`,
      () => truncatedNormalParameter(engine, size, { mean: 1, deviation: 0.5, limit }),
      truncatedNormal(1, 0.5, limit),
      [1 - 0.5 * limit, 1 + 0.5 * limit],
    ],
  ),
  ["kaimingUniform", () => kaimingUniform(engine, size), uniform(-Math.sqrt(1 / 500), Math.sqrt(1 / 500))],
  ["kaimingNormal", () => kaimingNormal(engine, size), normal(0, Math.sqrt(2 / 500))],
  ["xavierUniform", () => xavierUniform(engine, size), uniform(-Math.sqrt(6 / 900), Math.sqrt(6 / 900))],
  ["xavierNormal", () => xavierNormal(engine, size, { gain: 2 }), normal(0, 2 * Math.sqrt(2 / 900))],
];
for (const [name, make, distribution, bounds] of laws) {
  initial(`${name} has its law, is a parameter, and outlives its scope`, async () => {
    engine.seed(21);
    const parameter = engine.scope(() => ({ made: make() })).made;
    assert.ok(parameter.requiresGrad);
    const sample = await parameter.read();
    parameter.dispose();
    const [low, high] = bounds ?? [-Infinity, Infinity];
    assert.is(sample.find((x) => x < low - 1e-6 || x > high + 1e-6), undefined);
    const distance = kolmogorovSmirnov(sample, distribution);
    assert.ok(distance < criticalDistance(sample.length), `distance ${distance}`);
  });
}

initial("the law is that of the whole tensor: vectors and scalars can be made too, and constants", async () => {
  for (const make of [uniformParameter, normalParameter, truncatedNormalParameter]) {
    assert.equal(make(engine, [3]).shape, [3]);
    assert.ok(Number.isFinite(await make(engine, []).item()));
  }
  assert.equal([...(await constantParameter(engine, [3]).read())], [0, 0, 0]);
  const ones = constantParameter(engine, [2], { value: 1, label: "scale" });
  assert.equal([...(await ones.read())], [1, 1]);
  assert.ok(ones.requiresGrad && ones.label === "scale");
});

initial("numbers that are no law are refused", () => {
  refused(() => truncatedNormalParameter(engine, [2], { limit: 0 }), "value", /truncatedNormalParameter: limit .*got 0/);
  refused(() => truncatedNormalParameter(engine, [2], { limit: 6 }), "value", /limit must be above 0 and at most 5/);
  refused(() => truncatedNormalParameter(engine, [2], { deviation: -1 }), "value", /deviation must not be below 0/);
  refused(() => uniformParameter(engine, [2], { low: 1, high: 0 }), "value", /low must lie below high/);
});

initial.run();
