import {
  adaptive,
  blackbox,
  dijkstraGrid,
  drawNoise,
  enumerated,
  gumbel,
  imle,
  type ImleOptions,
  kSubsetStates,
  noNoise,
  perturbAndMap,
  pid,
  type Solver,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";
import { dijkstraGridCpu, topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scoped, testEngine } from "./support/engine.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";
import { sumDistribution } from "./support/sum-of-gamma.js";

const engine = await testEngine({ debug: false });
const test = suite("what I-MLE is proved to be");
const { fround } = Math;

/** z − z′ of every element, from a gradient that was divided by λ: whole, since there is no noise. */
function undivided(gradient: Float32Array, lambda: number): Int8Array {
  return Int8Array.from(gradient, (value, i) => {
    const difference = value * lambda;
    const whole = Math.round(difference);
    assert.ok(Math.abs(difference - whole) <= 1e-6, `element ${i} is ${difference}, a difference of states`);
    return whole;
  });
}

interface Problems {
  readonly solver: Solver;
  readonly shape: readonly number[];
  readonly theta: Float32Array<ArrayBuffer>;
  readonly dy: Float32Array<ArrayBuffer>;
  readonly alpha: number;
  readonly samples: number;
  /** The λ that is aimed at: adaptive finds it from the norms, to rounding. */
  readonly lambda: number;
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Differences of states by all estimators that are to agree, and the λ of all. */
async function differences(problems: Problems): Promise<{ byName: Record<string, Int8Array>; lambda: number }> {
  const { solver, shape, theta, dy, alpha, samples } = problems;
  return scoped(engine, async () => {
    const gradientOf = (layer: (theta: Tensor) => Tensor): Promise<Float32Array> => {
      const leaf = engine.tensor(theta, shape, { requiresGrad: true });
      layer(leaf).backward(engine.tensor(dy, shape));
      return leaf.grad!.read();
    };
    const common: ImleOptions = { noise: noNoise(), samples };
    const target = adaptive({ alpha, beta: (problems.lambda * norm(dy)) / norm(theta), step: 0 });
    const learnt = await gradientOf(imle(solver, { ...common, target }));
    const [, , , lambda] = await target.state(engine).values.read();
    assert.ok(Math.abs(lambda! / problems.lambda - 1) < 1e-4, `λ ${lambda} for ${problems.lambda}`);
    const divided = { ...common, divideByLambda: true };
    const byName: Record<string, Int8Array> = {
      adaptive: undivided(learnt, lambda!),
      pid: undivided(await gradientOf(imle(solver, { ...divided, target: pid({ alpha, lambda: lambda! }) })), lambda!),
    };
    if (alpha === 1) {
      byName["blackbox"] = undivided(await gradientOf(blackbox(solver, { lambda: lambda!, samples })), lambda!);
    }
    return { byName, lambda: lambda! };
  });
}

const powerOfTen = (random: () => number, low: number, high: number): number => 10 ** (low + (high - low) * random());

test("without noise adaptive, pid and blackbox agree to the bit: 4,096 top-k problems, α and λ up to 10⁴", async () => {
  const random = randomSource(71);
  const [batches, rows] = [64, 64];
  let moved = 0;
  for (let batch = 0; batch < batches; batch++) {
    const n = randomWhole(random, 32, 1023);
    const k = randomWhole(random, 0, n);
    const alpha = batch % 2 === 0 ? 1 : powerOfTen(random, -2, 4);
    const theta = randomNumbers(random, rows * n);
    const dy = randomNumbers(random, rows * n);
    const lambda = powerOfTen(random, -2, 4);
    const samples = [1, 1, 1, 5, 1, 1, 1, 10][batch % 8]!;
    const problems = { solver: topK(k), shape: [rows, n], theta, dy, alpha, lambda, samples };
    const found = await differences(problems);
    const expected = new Int8Array(rows * n);
    for (let row = 0; row < rows; row++) {
      const own = theta.subarray(row * n, (row + 1) * n);
      const aimed = own.map((value, i) =>
        fround(fround(fround(alpha) * value) - fround(fround(found.lambda) * dy[row * n + i]!)),
      );
      const towards = topKCpu(aimed, k);
      topKCpu(own, k).forEach((value, i) => (expected[row * n + i] = value - towards[i]!));
    }
    for (const [name, got] of Object.entries(found.byName)) {
      assert.equal(got, expected, `${name}: [${rows}, ${n}] k ${k} α ${alpha} λ ${found.lambda} S ${samples}`);
    }
    if (expected.some((value) => value !== 0)) moved++;
  }
  assert.ok(moved > batches / 2, `${moved} of ${batches} batches have a gradient`);
});

test("without noise adaptive, pid and blackbox agree to the bit: 1,000 grids of costs", async () => {
  const [rows, side] = [250, 8];
  for (const [batch, samples] of [1, 5, 10, 1].entries()) {
    const random = randomSource(80 + batch);
    const theta = randomNumbers(random, rows * side * side, 0, 1);
    const dy = randomNumbers(random, rows * side * side);
    const lambda = powerOfTen(random, -1, 2);
    const problems = { solver: dijkstraGrid(), shape: [rows, side, side], theta, dy, alpha: 1, lambda, samples };
    const found = await differences(problems);
    const expected = new Int8Array(rows * side * side);
    for (let row = 0; row < rows; row++) {
      const own = theta.subarray(row * side * side, (row + 1) * side * side);
      const aimed = own.map((value, i) => fround(value + fround(fround(found.lambda) * dy[row * side * side + i]!)));
      const towards = dijkstraGridCpu(aimed, [side, side]).path;
      dijkstraGridCpu(own, [side, side]).path.forEach((value, i) => {
        expected[row * side * side + i] = towards[i]! - value;
      });
    }
    for (const [name, got] of Object.entries(found.byName)) assert.equal(got, expected, name);
    assert.ok(expected.some((value) => value !== 0));
  }
});

test("Sum-of-Gamma gives each single state of k of n the law of Gumbel noise: Kolmogorov-Smirnov, level 0.001", async () => {
  const [n, k, count] = [10, 5, 20_000];
  const states = kSubsetStates(n, k);
  for (const iterations of [10, Infinity]) {
    const place = { seed: 17, stream: 4, call: 0 };
    const draws = await drawNoise(engine, sumOfGamma({ kappa: k, iterations }), [1, count, n], place).read();
    const distribution = sumDistribution(iterations); // for ∞ exp(−e^−x)
    for (const state of [0, 77, 251]) {
      const mask = states.values.subarray(state * n, (state + 1) * n);
      const sums = Float64Array.from({ length: count }, (_, s) =>
        mask.reduce((sum, chosen, i) => sum + chosen * draws[s * n + i]!, 0),
      ).sort();
      let distance = 0;
      sums.forEach((x, i) => {
        const u = distribution(x);
        distance = Math.max(distance, u - i / count, (i + 1) / count - u);
      });
      assert.ok(distance < 1.95 / Math.sqrt(count), `s ${iterations}, state ${state}: distance ${distance}`);
    }
  }
});

/** The toy of n 10, k 5: θ, and a direction ∂L/∂z. */
const toy = {
  ...{ n: 10, k: 5 },
  theta: randomNumbers(randomSource(91), 10, -1.5, 1.5),
  dy: randomNumbers(randomSource(92), 10),
};

/** Covariance × direction over all 252 states, in float64. */
function covarianceTimes(direction: ArrayLike<number>): Float64Array {
  const { n, k, theta } = toy;
  const { values, count } = kSubsetStates(n, k);
  const at = (state: number, i: number): number => values[state * n + i]!;
  const weights = Array.from({ length: count }, (_, state) =>
    Math.exp(theta.reduce((sum, value, i) => sum + value * at(state, i), 0)),
  );
  const total = weights.reduce((sum, value) => sum + value, 0);
  const mean = (f: (state: number) => number): number =>
    weights.reduce((sum, weight, state) => sum + (weight / total) * f(state), 0);
  const along = (state: number): number => Array.from(direction).reduce((sum, g, i) => sum + g * at(state, i), 0);
  const meanAlong = mean(along);
  return Float64Array.from({ length: n }, (_, i) => {
    const product = mean((state) => at(state, i) * along(state));
    return product - mean((state) => at(state, i)) * meanAlong;
  });
}

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

test("with exact marginals in both terms the difference quotient tends to covariance × gradient (Domke's limit)", async () => {
  const { n, k, theta, dy } = toy;
  const exact = enumerated(kSubsetStates(n, k));
  const limit = covarianceTimes(dy);
  const errors: number[] = [];
  for (const lambda of [0.4, 0.2, 0.1, 0.05]) {
    const moved = theta.map((value, i) => value - lambda * dy[i]!);
    const [here, there] = await Promise.all([theta, moved].map((x) => exact.marginals(engine.tensor(x, [1, n])).read()));
    errors.push(largest(limit.map((value, i) => (here![i]! - there![i]!) / lambda - value)));
  }
  errors.slice(1).forEach((error, i) => {
    const ratio = errors[i]! / error;
    assert.ok(ratio > 1.5 && ratio < 2.5, `half of λ, half of the error: ${errors.join(", ")}`);
  });
  assert.ok(errors.at(-1)! < 0.05 * largest(limit), `${errors.at(-1)} of ${largest(limit)}`);
});

test("perturb-and-MAP's difference quotient tends to the Jacobian of its own marginals, which is not the covariance", async () => {
  const { n, k, theta, dy } = toy;
  const samples = 2 ** 18;
  const noise = sumOfGamma({ kappa: k, iterations: Infinity });
  const call = 5;
  const layerFor = (lambda: number): ReturnType<typeof imle> =>
    imle(topK(k), { noise, samples, target: pid({ lambda }), divideByLambda: true, stream: 905 });
  const quotient = async (lambda: number): Promise<Float32Array> => {
    const leaf = engine.tensor(theta, [1, n], { requiresGrad: true });
    layerFor(lambda)(leaf, {}, { call }).backward(engine.tensor(dy, [1, n]));
    return leaf.grad!.read();
  };
  // Central differences of the marginals under the same noise.
  const h = 0.1;
  const place = engine.random.at(905, call);
  const marginals = (side: number): Promise<Float32Array> => {
    const moved = engine.tensor(theta.map((value, i) => value + side * h * dy[i]!), [1, n]);
    return perturbAndMap(topK(k), moved, { noise, samples, place }).read();
  };
  const [up, down] = [await marginals(1), await marginals(-1)];
  const jacobian = Array.from(up, (value, i) => (value - down[i]!) / (2 * h));
  const apart = (from: ArrayLike<number>, to: ArrayLike<number>): number =>
    largest(Array.from(from, (value, i) => value - to[i]!));
  const [coarse, fine] = [apart(await quotient(1), jacobian), apart(await quotient(0.05), jacobian)];
  assert.ok(fine < 0.08 * largest(jacobian), `λ 0.05: ${fine} of ${largest(jacobian)}`);
  assert.ok(coarse > 3 * fine, `λ 1: ${coarse}, λ 0.05: ${fine}`);
  const gap = apart(jacobian, covarianceTimes(dy));
  assert.ok(gap > 2 * fine, `the gap to the covariance, ${gap}, is more than what is left of ${fine}`);
});

test("inputs of a solver reach both passes: every path, also those towards the target, has its own ends", async () => {
  const side = 6;
  const random = randomSource(95);
  const rows = 12;
  const cells = (): Int32Array<ArrayBuffer> => Int32Array.from({ length: 2 * rows }, () => randomWhole(random, 0, side - 1));
  const ends = [cells(), cells()];
  const [start, goal] = ends.map((values) => engine.tensor(values, [rows, 2]));
  const leaf = engine.tensor(randomNumbers(random, rows * side * side, 1, 2), [rows, side, side], { requiresGrad: true });
  const layer = imle(dijkstraGrid(), { noise: gumbel(), samples: 4, target: pid({ lambda: 3 }) });
  const z = layer(leaf, { start: start!, goal: goal! });
  z.backward(engine.tensor(randomNumbers(random, rows * side * side), [rows, side, side]));
  const [states, gradient] = [await z.read(), await leaf.grad!.read()];
  for (let row = 0; row < rows; row++) {
    for (const end of ends) {
      const cell = (row * side + end[2 * row]!) * side + end[2 * row + 1]!;
      assert.is(states[cell], 1, "all samples begin and end there");
      assert.is(gradient[cell], 0, "and those of the target too");
    }
  }
  assert.ok(gradient.some((value) => value !== 0));
});

test.run();
