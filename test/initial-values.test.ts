import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  constantParameter,
  kaimingNormal,
  kaimingUniform,
  normalParameter,
  orthogonalParameter,
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

/** The largest distance of ⟨vᵢ, vⱼ⟩ from 1 where i = j, else 0. */
function distanceFromOrthonormal(vectors: readonly Float64Array[]): number {
  let worst = 0;
  vectors.forEach((a, i) =>
    vectors.forEach((b, j) => {
      const product = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
      worst = Math.max(worst, Math.abs(product - (i === j ? 1 : 0)));
    }),
  );
  return worst;
}

for (const [shape, gain] of [
  [[64, 64], 1],
  [[100, 30], 1],
  [[30, 100], 2],
  [[16, 4, 3, 3], 1],
  [[1, 1], 1],
  [[5, 1], 3],
] as const) {
  initial(`orthogonalParameter [${shape.join(", ")}] has orthonormal rows or columns, times the gain`, async () => {
    engine.seed(5);
    const parameter = engine.scope(() => ({ made: orthogonalParameter(engine, shape, { gain }) })).made;
    assert.ok(parameter.requiresGrad);
    assert.equal(parameter.shape, shape);
    const values = await parameter.read();
    parameter.dispose();
    const rows = shape[0];
    const columns = values.length / rows;
    const at = (row: number, column: number): number => values[row * columns + column]! / gain;
    const vectors =
      rows <= columns
        ? Array.from({ length: rows }, (_, row) => Float64Array.from({ length: columns }, (_, i) => at(row, i)))
        : Array.from({ length: columns }, (_, column) => Float64Array.from({ length: rows }, (_, i) => at(i, column)));
    const distance = distanceFromOrthonormal(vectors);
    assert.ok(distance < 1e-5, `distance ${distance}`);
  });
}

initial("every orthogonal matrix is equally likely: an entry of a 3 × 3 is uniform on [−1, 1], the sign of its determinant even", async () => {
  engine.seed(8);
  const count = 100;
  const parameters = Array.from({ length: count }, () => orthogonalParameter(engine, [3, 3]));
  const matrices = await Promise.all(parameters.map((parameter) => parameter.read()));
  for (const parameter of parameters) parameter.dispose();
  const entries = Float32Array.from(matrices, (matrix, i) => matrix[i % 9]!);
  const turns = matrices.filter(([a, b, c, d, e, f, g, h, k]) => {
    const determinant = a! * (e! * k! - f! * h!) - b! * (d! * k! - f! * g!) + c! * (d! * h! - e! * g!);
    return determinant > 0;
  }).length;
  const distance = kolmogorovSmirnov(entries, uniform(-1, 1));
  assert.ok(distance < criticalDistance(count), `distance ${distance}`);
  assert.ok(Math.abs(turns - count / 2) < 4 * Math.sqrt(count / 4), `${turns} of ${count} are turns`);
});

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
