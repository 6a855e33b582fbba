import {
  blackbox,
  customGradient,
  type Estimator,
  gumbel,
  gumbelSoftmax,
  identity,
  type LayerOptions,
  noNoise,
  normal,
  type PerturbedOptimiserOptions,
  perturbedOptimiser,
  SGD,
  simple,
  softSubset,
  type SolverLayer,
  straightThrough,
  type Tensor,
  topK,
} from "webgpu-imle";
import { kSubsetsCpu, topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow } from "./solvers/best-window.js";
import { testEngine } from "./support/engine.js";
import { allSubsets, differences, dot, enumerate, plackettLuceMarginals } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { checkSteps, n, problem, rowOf, rows, runLayer } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { perturbTwin, solverCases, solveTwin } from "./support/perturbed.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { softmaxRow, total } from "./support/twins.js";

const engine = await testEngine();
const test = suite("estimators: layers");

const run = runLayer.bind(null, engine);

/** Averages over samples, or leaves them. */
const reduced = (states: readonly (readonly number[])[], samples: number, output: string): number[] =>
  output === "samples"
    ? states.flat()
    : Array.from({ length: states.length / samples }, (_, row) => {
        const own = states.slice(row * samples, (row + 1) * samples);
        return states[0]!.map((_, i) => total(own.map((state) => state[i]!)) / samples);
      }).flat();

for (const one of solverCases) {
  for (const [output, samples] of [["mean", 1], ["mean", 5], ["samples", 4]] as const) {
    const title = `${one.name}, output ${output}, S ${samples}`;
    const temperature = 0.75;

    test(`straight-through: states under noise, and their gradients summed (${title})`, async () => {
      const { theta, noise, dz, shape, given, dzOf } = problem(engine, 40, samples, output);
      const layer = straightThrough(one.solver, { noise: given, samples, temperature, output });
      const { z, gradient } = await run(layer, theta, dz, shape);
      const states: number[][] = [];
      const expected: number[] = [];
      for (let row = 0; row < rows; row++) {
        const slopes = Array.from({ length: samples }, (_, s) => dzOf(row, s));
        for (let s = 0; s < samples; s++) {
          states.push(perturbTwin(one, rowOf(theta, row), rowOf(noise, row * samples + s), temperature));
        }
        expected.push(...slopes[0]!.map((_, i) => one.sign * total(slopes.map((slope) => slope[i]!))));
      }
      expectClose("states", z, reduced(states, samples, output));
      expectClose("gradient", gradient, expected);
    });

    for (const perturbation of ["additive", "multiplicative"] as const) {
      for (const controlVariate of [true, false]) {
        test(`perturbed optimiser: the formula (${title}, ${perturbation}, control ${controlVariate})`, async () => {
          const { theta, noise, dz, shape, given, dzOf } = problem(engine, 41, samples, output, 0.1);
          theta[3] = 0;
          const layer = perturbedOptimiser(one.solver, {
            noise: { ...given, score: normal().score! },
            ...{ samples, temperature, output, perturbation, controlVariate },
          });
          const { z, gradient } = await run(layer, theta, dz, shape);
          const states: number[][] = [];
          const expected: number[] = [];
          for (let row = 0; row < rows; row++) {
            const own = rowOf(theta, row);
            const base = controlVariate ? solveTwin(one, own) : own.map(() => 0);
            const slope = own.map(() => 0);
            for (let s = 0; s < samples; s++) {
              const draws = rowOf(noise, row * samples + s);
              const factors = draws.map((x) => Math.exp(temperature * x - temperature ** 2 / 2));
              const state =
                perturbation === "additive"
                  ? perturbTwin(one, own, draws, temperature)
                  : solveTwin(one, own.map((x, i) => x * factors[i]!));
              states.push(state);
              const gain = dot(dzOf(row, s), state.map((x, i) => x - base[i]!));
              own.forEach((x, i) => {
                const divisor = perturbation === "additive" ? one.sign : x;
                if (divisor !== 0) slope[i]! += (gain * draws[i]!) / (divisor * temperature);
              });
            }
            expected.push(...slope);
          }
          expectClose("states", z, reduced(states, samples, output));
          expectClose("gradient", gradient, expected, { relative: 1e-5, absolute: 2e-5 });
          assert.ok(expected.some((x) => x !== 0));
        });
      }
    }
  }

  test(`identity: the gradient is that of the projected weights (${one.name})`, async () => {
    const { theta, dz, shape } = problem(engine, 42, 1, "mean");
    for (const projection of ["norm", "mean", "both", "none"] as const) {
      const project = (x: readonly number[]): number[] => {
        const mean = projection === "mean" || projection === "both" ? total(x) / n : 0;
        const centred = x.map((value) => value - mean);
        const length = projection === "mean" || projection === "none" ? 1 : Math.hypot(...centred);
        return centred.map((value) => value / length);
      };
      const { z, gradient } = await run(identity(one.solver, { projection }), theta, dz, shape);
      for (let row = 0; row < rows; row++) {
        const own = rowOf(theta, row);
        assert.equal(rowOf(z, row), solveTwin(one, project(own)));
        const slopes = differences((x) => one.sign * dot(project(x), rowOf(dz, row)), own);
        expectClose(`${projection}, row ${row}`, rowOf(gradient, row), slopes, { absolute: 1e-5 });
      }
    }
  });

  test(`blackbox: the difference of two solves divided by λ (${one.name})`, async () => {
    const { theta, dz, shape } = problem(engine, 43, 1, "mean");
    const lambda = 4;
    const { z, gradient } = await run(blackbox(one.solver, { lambda }), theta, dz, shape);
    for (let row = 0; row < rows; row++) {
      const own = rowOf(theta, row);
      const state = solveTwin(one, own);
      const moved = solveTwin(one, own.map((x, i) => x - Math.fround(one.sign * lambda * rowOf(dz, row)[i]!)));
      assert.equal(rowOf(z, row), state);
      assert.equal(rowOf(gradient, row), state.map((x, i) => (one.sign * (x - moved[i]!)) / lambda + 0));
    }
    assert.ok(gradient.some((x) => x !== 0));
  });
}

/** Means of many equal rows' gradients, and how sure they are. */
async function meanGradient(
  layer: (theta: Tensor) => Tensor,
  theta: readonly number[],
  dz: readonly number[],
  copies: number,
): Promise<{ mean: number; error: number }[]> {
  const repeat = (values: readonly number[]): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: copies * values.length }, (_, i) => values[i % values.length]!);
  const { gradient } = await run(layer, repeat(theta), repeat(dz), [copies, theta.length]);
  return theta.map((_, i) => {
    const all = Array.from({ length: copies }, (_, copy) => gradient[copy * theta.length + i]!);
    const mean = total(all) / copies;
    return { mean, error: Math.sqrt(total(all.map((x) => (x - mean) ** 2))) / copies };
  });
}

const normalCdf = (x: number): number => {
  // Simpson's rule on the density: exact to 1e-10 here.
  const steps = 400;
  const h = x / steps;
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * h);
  return 0.5 + (sum * h) / 3;
};

const expectations: readonly {
  name: string;
  layer: SolverLayer;
  theta: readonly number[];
  exact: (theta: readonly number[]) => readonly number[];
}[] = [
  {
    name: "Gumbel noise on argmax, softmax",
    layer: perturbedOptimiser(topK(1), { noise: gumbel(), samples: 50, temperature: 2 }),
    theta: [0.5, -1, 1, 0],
    exact: (theta) => softmaxRow(theta.map((x) => x / 2)),
  },
  {
    name: "Gumbel noise on top 3 of 5, Plackett and Luce",
    layer: perturbedOptimiser(topK(3), { noise: gumbel(), samples: 50 }),
    theta: [0.5, -1, 1, 0, 0.25],
    exact: (theta) => plackettLuceMarginals(theta, 3),
  },
  {
    name: "normal noise on the less of two costs",
    layer: perturbedOptimiser(bestWindow(1, "min"), { samples: 50, temperature: 0.5 }),
    theta: [0.3, 0.6],
    exact: ([a, b]) => [normalCdf((b! - a!) / (0.5 * Math.SQRT2)), normalCdf((a! - b!) / (0.5 * Math.SQRT2))],
  },
  {
    name: "multiplicative normal noise on the larger of two",
    layer: perturbedOptimiser(topK(1), { samples: 50, temperature: 0.5, perturbation: "multiplicative" }),
    theta: [0.5, 0.8],
    exact: ([a, b]) => {
      const share = normalCdf(Math.log(a! / b!) / (0.5 * Math.SQRT2));
      return [share, 1 - share];
    },
  },
];

for (const { name, layer, theta, exact } of expectations) {
  test(`perturbed optimiser: its gradient is that of the exact expectation (${name})`, async () => {
    engine.seed(11);
    const dz = theta.map((_, i) => 1 - i + (i === 2 ? 3 : 0));
    const copies = 2000;
    const expected = differences((x) => dot(exact(x), dz), theta);
    const found = await meanGradient(layer, theta, dz, copies);
    found.forEach(({ mean, error }, i) => {
      assert.ok(error < 0.1 * Math.max(...expected.map(Math.abs)), `sure enough: ${error}`);
      assert.ok(Math.abs(mean - expected[i]!) < 4.5 * error, `${i}: ${mean} ± ${error} for ${expected[i]}`);
    });
  });
}

test("the control variate lowers the variance of the gradient", async () => {
  const theta = [2, 1, 0.5, 0, -1, -2];
  const errors = [];
  for (const controlVariate of [true, false]) {
    engine.seed(12);
    const layer = perturbedOptimiser(topK(3), { samples: 10, temperature: 0.5, controlVariate });
    const found = await meanGradient(layer, theta, [1, 1, 1, 1, 1, 0.5], 500);
    errors.push(total(found.map(({ error }) => error)));
  }
  assert.ok(errors[0]! < errors[1]! / 4, errors.join(" "));
});

test("SIMPLE: states of exactly k by the twin's own words, and the gradient of the exact marginals", async () => {
  const k = 4;
  const states = allSubsets(n, k);
  for (const [output, samples] of [["mean", 1], ["mean", 3], ["samples", 3]] as const) {
    const { theta, dz, shape, dzOf } = problem(engine, 44, samples, output, -3);
    engine.seed(13);
    const layer = simple(k, { samples, output, stream: 401 });
    const { z, gradient } = await run(layer, theta, dz, shape);
    const drawn: number[][] = [];
    for (let row = 0; row < rows; row++) {
      const own = rowOf(theta, row);
      const twin = kSubsetsCpu(own, k);
      const place = { seed: 13, stream: 401, call: 0 };
      for (let s = 0; s < samples; s++) drawn.push([...twin.sample(place, row, s).state]);
      const slopes = Array.from({ length: samples }, (_, s) => dzOf(row, s));
      const v = slopes[0]!.map((_, i) => total(slopes.map((slope) => slope[i]!)));
      const expected = differences((x) => dot(enumerate(states, x).marginals, v), own);
      expectClose(`row ${row}`, rowOf(gradient, row), expected, { absolute: 1e-5 });
    }
    expectClose("states", z, reduced(drawn, samples, output));
  }
});

/** SoftSub in plain numbers. */
function softTwin(scores: readonly number[], k: number, softness: number): number[] {
  let left = [...scores];
  const picked = scores.map(() => 0);
  for (let j = 0; j < k; j++) {
    const pick = softmaxRow(left.map((x) => x / softness));
    pick.forEach((x, i) => (picked[i]! += x));
    left = left.map((x, i) => x + Math.log(1 - pick[i]!));
  }
  return picked;
}

test("SoftSub and Gumbel-softmax: values of the formula, slopes their differences, hard states on demand", async () => {
  for (const [k, softness, layerOf] of [
    [3, 0.5, (options: LayerOptions) => softSubset(3, { ...options, softness: 0.5 })],
    [1, 2, (options: LayerOptions) => gumbelSoftmax({ ...options, softness: 2 })],
  ] as const) {
    for (const [output, samples] of [["mean", 2], ["samples", 2]] as const) {
      const { theta, noise, dz, shape, given, dzOf } = problem(engine, 45, samples, output);
      const { z, gradient } = await run(layerOf({ noise: given, samples, output, temperature: 0.5 }), theta, dz, shape);
      const scores = (x: readonly number[], row: number, s: number): number[] =>
        x.map((value, i) => value + 0.5 * rowOf(noise, row * samples + s)[i]!);
      const states: number[][] = [];
      for (let row = 0; row < rows; row++) {
        const own = rowOf(theta, row);
        for (let s = 0; s < samples; s++) states.push(softTwin(scores(own, row, s), k, softness));
        const loss = (x: readonly number[]): number =>
          total(Array.from({ length: samples }, (_, s) => dot(dzOf(row, s), softTwin(scores(x, row, s), k, softness))));
        expectClose(`slopes of row ${row}`, rowOf(gradient, row), differences(loss, own), { absolute: 1e-4 });
      }
      expectClose("values", z, reduced(states, samples, output), { absolute: 1e-5 });
    }
  }
  const { theta, noise, dz, shape, given } = problem(engine, 46, 1, "mean");
  const soft = await run(softSubset(3, { noise: given, softness: 0.5 }), theta, dz, shape);
  const hard = await run(softSubset(3, { noise: given, softness: 0.5, hard: true }), theta, dz, shape);
  assert.equal(hard.gradient, soft.gradient);
  for (let row = 0; row < rows; row++) {
    const scores = rowOf(theta, row).map((x, i) => Math.fround(x + rowOf(noise, row)[i]!));
    assert.equal(rowOf(hard.z, row), [...topKCpu(scores, 3)]);
  }
});

const layers: Readonly<Record<string, () => Estimator<(theta: Tensor) => Tensor>>> = {
  straightThrough: () => straightThrough(topK(2)),
  identity: () => identity(topK(2), { noise: normal() }),
  blackbox: () => blackbox(topK(2), { noise: gumbel() }),
  perturbedOptimiser: () => perturbedOptimiser(topK(2)),
  simple: () => simple(2),
  softSubset: () => softSubset(2, { hard: true }),
};

for (const [name, make] of Object.entries(layers)) {
  test(`${name}: eval() gives the best state and no gradient, train() perturbs again, a seed repeats`, async () => {
    const random = randomSource(47);
    const numbers = randomNumbers(random, 40 * 8);
    const theta = engine.tensor(numbers, [40, 8], { requiresGrad: true });
    const layer = make();
    const best = Array.from({ length: 40 }, (_, row) => [...topKCpu(numbers.subarray(row * 8, row * 8 + 8), 2)]).flat();
    assert.is(layer.eval(), layer);
    const exact = layer(theta);
    assert.equal([...(await exact.read())], best);
    assert.is(exact.requiresGrad, false);
    assert.is(layer.train(), layer);
    engine.seed(3);
    const drawn = [...(await layer(theta).read())];
    const again = [...(await layer(theta).read())];
    assert.not.equal(drawn, best);
    assert.not.equal(drawn, again);
    engine.seed(3);
    assert.equal([...(await layer(theta).read())], drawn);
  });

  test(`${name}: a step reads nothing back, leaves no memory, and compiles nothing again`, async () => {
    const layer = make();
    await engine.prepare(layer, [[16, 8]]);
    const theta = engine.zeros([16, 8], { requiresGrad: true });
    checkSteps(engine, () => {
      theta.grad = null;
      layer(theta).mul(layer(theta)).sum().backward();
    });
  });
}

/** What six steps of gradient descent leave, captured or not. */
async function descend(layer: (theta: Tensor) => Tensor, captured: boolean): Promise<number[]> {
  const on = await testEngine({ debug: false });
  on.seed(9);
  const theta = on.tensor(randomNumbers(randomSource(50), 16 * 8), [16, 8], { requiresGrad: true });
  const optimiser = new SGD({ parameters: [theta], learningRate: 0.1 });
  const plain = (y: Tensor): Tensor => {
    optimiser.zeroGrad();
    const loss = layer(theta).sub(y).pow(2).sum();
    loss.backward();
    optimiser.step();
    return loss;
  };
  const step = captured ? on.capture(plain) : plain;
  const y = on.tensor(randomNumbers(randomSource(51), 16 * 8), [16, 8]);
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) losses.push(await on.scope(() => step(y).mul(1)).item());
  const left = [...losses, ...(await theta.read())];
  on.dispose();
  return left;
}

for (const [name, make] of Object.entries(layers)) {
  test(`${name}: captured steps give the bits of plain ones, with noise of their own`, async () => {
    const plain = await descend(make(), false);
    assert.equal(await descend(make(), true), plain);
    assert.is(new Set(plain.slice(0, 6)).size, 6, "no two steps are the same");
  });
}

test("without a scope, a step leaves what it returns and nothing else", async () => {
  for (const make of Object.values(layers)) {
    const layer = make();
    const theta = engine.zeros([16, 8], { requiresGrad: true });
    layer(theta).dispose();
    const before = engine.memory().liveBuffers;
    const z = layer(theta);
    z.backward(theta);
    z.dispose();
    theta.grad = null;
    assert.is(engine.memory().liveBuffers, before, String(make));
    theta.dispose();
  }
});

test("a call that is named has the same noise again, whatever was called between", async () => {
  const theta = engine.zeros([30, 8]);
  const calls: readonly ((call?: { call: number }) => Tensor)[] = [
    ...[straightThrough, identity, perturbedOptimiser, blackbox].map((make) => {
      const layer = make(topK(2), { noise: normal() });
      return (call?: { call: number }) => layer(theta, {}, call);
    }),
    ...[simple(2), softSubset(2)].map((layer) => (call?: { call: number }) => layer(theta, call)),
  ];
  for (const run of calls) {
    const named = [...(await run({ call: 7 }).read())];
    const next = [...(await run().read())];
    assert.not.equal(next, named);
    assert.equal([...(await run({ call: 7 }).read())], named);
  }
  refused(() => straightThrough(topK(2))(theta, {}, { cal: 1 } as never), "value", /options must be among call/);
  refused(() => simple(2)(theta, { call: -1 }), "value", /call must be a whole number/);
});

test("an estimator of one's own is written with the same: customGradient around a layer gives the same", async () => {
  const theta = randomNumbers(randomSource(48), rows * n);
  const own = (weights: Tensor): Tensor =>
    customGradient({
      inputs: [weights],
      forward: (x) => straightThrough(topK(3), { stream: 402 })(x),
      backward: (dz) => dz,
    });
  const dz = randomNumbers(randomSource(49), rows * n);
  engine.seed(4);
  const first = await run(own, theta, dz, [rows, n]);
  engine.seed(4);
  assert.equal(await run(straightThrough(topK(3), { stream: 402 }), theta, dz, [rows, n]), first);
});

test("options out of range, laws without a score and weights that do not fit are refused with a fix", () => {
  const solver = topK(2);
  for (const make of [straightThrough, identity, blackbox, perturbedOptimiser]) {
    refused(() => make({} as never), "value", /the first argument must be a solver/);
    refused(() => make(solver, { samples: 0 }), "value", /samples must be/);
    refused(() => make(solver, { temperature: NaN }), "value", /temperature must be/);
    refused(() => make(solver, { noise: normal as never }), "value", /noise must be a noise/);
    refused(() => make(solver, { output: "median" as never }), "value", /output must be/);
    refused(() => make(solver, { sample: 2 } as never), "value", /options must be among/);
  }
  const dpo = (options: PerturbedOptimiserOptions): SolverLayer => perturbedOptimiser(solver, options);
  refused(() => dpo({ noise: noNoise() }), "value", /a law whose score is known, got none/);
  refused(() => dpo({ temperature: 0 }), "value", /temperature must be a number above 0/);
  refused(() => dpo({ perturbation: "both" as never }), "value", /perturbation must be/);
  refused(() => identity(solver, { projection: "plane" as never }), "value", /projection must be/);
  refused(() => blackbox(solver, { lambda: 0 }), "value", /lambda must be a number above 0/);
  refused(() => simple(-1), "value", /k must be a whole number/);
  refused(() => simple(2, { temperature: 2 } as never), "value", /options must be among/);
  refused(() => softSubset(2, { softness: 0 }), "value", /softness must be/);
  const theta = engine.zeros([3, 5]);
  const before = engine.stats().dispatches;
  refused(() => straightThrough(solver)(engine.tensor([1, 2], { dtype: "i32" })), "dtype", /must be f32/);
  refused(() => straightThrough(topK(6))(theta), "shape", /k must be/);
  refused(() => simple(6)(theta), "shape", /at least k = 6/);
  refused(() => softSubset(6)(theta), "shape", /at least k = 6/);
  refused(() => perturbedOptimiser(solver, { samples: 2 ** 24 })(theta), "value", /below 2²⁴/);
  refused(() => straightThrough(solver, { stream: 70_000 })(theta), "value", /stream must be/);
  assert.is(engine.stats().dispatches, before);
});

test.run();
