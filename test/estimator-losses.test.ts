import {
  dijkstraGrid,
  enumerated,
  fenchelYoung,
  givenNoise,
  gumbel,
  kSubsets,
  kSubsetStates,
  noNoise,
  normal,
  perturbationGradient,
  scoreFunction,
  solve,
  type SolverLoss,
  spoPlus,
  structuredSvm,
  type Tensor,
  topK,
} from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow } from "./solvers/best-window.js";
import { testEngine } from "./support/engine.js";
import { allSubsets, differences, dot, enumerate, plackettLuceMarginals } from "./support/enumeration.js";
import { refused } from "./support/errors.js";
import { checkLossSteps, n, rowOf, rows } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { perturbTwin, type SolverCase, solverCases, solveTwin } from "./support/perturbed.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { total } from "./support/twins.js";

const engine = await testEngine();
const test = suite("estimators: losses");

/** What a loss says of one row: its value and its gradient. */
type RowTwin = (theta: number[], y: number[], row: number) => { value: number; slope: number[] };

/** Compares values and gradients, weighted by a number for each row, with the twin's. */
async function expectLoss(loss: SolverLoss, theta: Float32Array, y: Float32Array, twin: RowTwin): Promise<void> {
  const leaf = engine.tensor(theta, [rows, n], { requiresGrad: true });
  const values = loss(leaf, engine.tensor(y, [rows, n]));
  assert.equal([...values.shape], [rows]);
  const weights = randomNumbers(randomSource(60), rows);
  values.backward(engine.tensor(weights));
  const [got, gradient] = [await values.read(), await leaf.grad!.read()];
  const expected = Array.from({ length: rows }, (_, row) => twin(rowOf(theta, row), rowOf(y, row), row));
  expectClose("values", got, expected.map(({ value }) => value), { relative: 1e-5, absolute: 1e-5 });
  const slopes = expected.flatMap(({ slope }, row) => slope.map((x) => x * weights[row]!));
  expectClose("gradient", gradient, slopes, { relative: 1e-5, absolute: 1e-5 });
  assert.ok(slopes.some((x) => x !== 0), "the test has slopes");
}

/** A state of each row: of other weights. */
const statesOf = (one: SolverCase, seed: number): Float32Array<ArrayBuffer> => {
  const other = randomNumbers(randomSource(seed), rows * n);
  return Float32Array.from(Array.from({ length: rows }, (_, row) => solveTwin(one, rowOf(other, row))).flat());
};

for (const one of solverCases) {
  const { name, solver, sign } = one;

  for (const perturbation of ["additive", "multiplicative"] as const) {
    test(`Fenchel–Young: the mean perturbed optimum less that of y (${name}, ${perturbation})`, async () => {
      const random = randomSource(61);
      const [samples, temperature] = [5, 0.75];
      const theta = randomNumbers(random, rows * n, 0.2, 1);
      const noise = randomNumbers(random, rows * samples * n);
      const given = givenNoise(engine.tensor(noise, [rows, samples, n]));
      const options = { noise: given, samples, temperature, perturbation };
      await expectLoss(fenchelYoung(solver, options), theta, statesOf(one, 62), (own, y, row) => {
        const slope = y.map((x) => -sign * x);
        let value = -sign * dot(own, y);
        for (let s = 0; s < samples; s++) {
          const draws = rowOf(noise, row * samples + s);
          const factors = draws.map((x) => Math.exp(temperature * x - temperature ** 2 / 2));
          const isAdditive = perturbation === "additive";
          const weights = own.map((x, i) => (isAdditive ? x + sign * temperature * draws[i]! : x * factors[i]!));
          const state = isAdditive ? perturbTwin(one, own, draws, temperature) : solveTwin(one, weights);
          value += (sign * dot(weights, state)) / samples;
          state.forEach((x, i) => (slope[i]! += (sign * x * (isAdditive ? 1 : factors[i]!)) / samples));
        }
        return { value, slope };
      });
    });
  }

  test(`SPO+: the bound of the regret, and its gradient 2(w* − w(2ĉ − c)) (${name})`, async () => {
    const [theta, truth] = [randomNumbers(randomSource(63), rows * n), randomNumbers(randomSource(64), rows * n)];
    await expectLoss(spoPlus(solver), theta, truth, (predicted, weights) => {
      const mixed = predicted.map((x, i) => Math.fround(Math.fround(2 * x) - weights[i]!));
      const [best, own] = [solveTwin(one, weights), solveTwin(one, mixed)];
      const value = sign * (dot(mixed, own) - 2 * dot(predicted, best) + dot(weights, best));
      const decided = solveTwin(one, predicted);
      assert.ok(value > sign * (dot(weights, best) - dot(weights, decided)) - 1e-6, "no less than the regret");
      return { value, slope: own.map((x, i) => 2 * sign * (x - best[i]!)) };
    });
  });

  test(`structured SVM: the margin by Hamming distance, over all states (${name})`, async () => {
    for (const margin of [1, 0.25]) {
      const theta = randomNumbers(randomSource(65), rows * n);
      const all = name.includes("max")
        ? allSubsets(n, 3)
        : allSubsets(n, 3).filter((state) => state.join("").includes("111"));
      await expectLoss(structuredSvm(solver, { margin }), theta, statesOf(one, 66), (own, y) => {
        const excess = (state: readonly number[]): number =>
          sign * (dot(own, state) - dot(own, y)) + margin * total(state.map((x, i) => Math.abs(x - y[i]!)));
        const worst = all.reduce((a, b) => (excess(b) > excess(a) ? b : a));
        return { value: excess(worst), slope: worst.map((x, i) => sign * (x - y[i]!)) };
      });
    }
  });

  test(`perturbation gradient: difference quotients of the optimum along the true weights (${name})`, async () => {
    const [theta, truth] = [randomNumbers(randomSource(67), rows * n), randomNumbers(randomSource(68), rows * n)];
    const step = 0.5;
    for (const [difference, ahead, behind] of [["backward", 0, 1], ["forward", 1, 0], ["central", 1, 1]] as const) {
      await expectLoss(perturbationGradient(solver, { step, difference }), theta, truth, (predicted, weights) => {
        const at = (h: number): number[] => predicted.map((x, i) => Math.fround(x + Math.fround(h * weights[i]!)));
        const [upper, lower] = [at(step * ahead), at(-step * behind)];
        const [up, low] = [solveTwin(one, upper), solveTwin(one, lower)];
        const scale = -sign / (step * (ahead + behind));
        return {
          value: scale * (dot(upper, up) - dot(lower, low)),
          slope: up.map((x, i) => scale * (x - low[i]!)),
        };
      });
    }
  });
}

test("Fenchel–Young: value and gradient of the exact perturbed optimum, by closed forms and differences", async () => {
  const euler = 0.5772156649015329;
  const temperature = 0.5;
  const theta = [0.5, -0.25, 0.75, 0];
  const copies = 100_000;
  const repeat = (row: readonly number[]): Tensor => engine.tensor([...row], [1, 4]);
  for (const [name, solver, k, y] of [
    ["argmax", topK(1), 1, [0, 1, 0, 0]],
    ["argmin", bestWindow(1, "min"), 1, [0, 1, 0, 0]],
    ["top 2", topK(2), 2, [0, 1, 0, 1]],
  ] as const) {
    engine.seed(17);
    const sign = solver.sense === "max" ? 1 : -1;
    const leaf = engine.tensor([theta], { requiresGrad: true });
    const loss = fenchelYoung(solver, { noise: gumbel(), samples: copies, temperature })(leaf, repeat(y));
    loss.sum().backward();
    const gradient = await leaf.grad!.read();
    // The gradient of F is the exact mean state; for k = 1, F itself is a log-sum-exp.
    const mean = plackettLuceMarginals(theta.map((x) => (sign * x) / temperature), k);
    const tolerance = 4.5 * Math.sqrt(0.25 / copies);
    mean.forEach((p, i) => assert.ok(Math.abs(gradient[i]! - sign * (p - y[i]!)) < tolerance, `${name}, ${i}`));
    if (k > 1) continue;
    const exact = (x: readonly number[]): number => {
      const scaled = x.map((value) => (sign * value) / temperature);
      return temperature * (Math.log(total(scaled.map(Math.exp))) + euler) - sign * dot(x, y);
    };
    const value = await loss.item();
    const deviation = temperature * Math.sqrt(Math.PI ** 2 / 6 / copies);
    assert.ok(Math.abs(value - exact(theta)) < 5 * deviation, `${name}: ${value}`);
    differences(exact, theta).forEach((slope, i) => assert.ok(Math.abs(gradient[i]! - slope) < tolerance));
  }
});

test("Fenchel–Young falls to its least where the mean perturbed state is y", async () => {
  const solver = topK(2);
  const loss = fenchelYoung(solver, { noise: normal(), samples: 2000, stream: 411 });
  const valueAt = async (theta: readonly number[]): Promise<number> => {
    engine.seed(18);
    return loss(engine.tensor([[...theta]]), engine.tensor([[0.5, 0.5, 0.5, 0.5]])).item();
  };
  const least = await valueAt([0, 0, 0, 0]);
  for (const other of [[1, 0, 0, 0], [0, 0.5, -0.5, 0], [-1, 1, 0, 0]]) assert.ok((await valueAt(other)) > least);
});

/** Means of equal rows' gradients, and how sure they are. */
function meanOfRows(gradient: Float32Array, size: number): { mean: number; error: number }[] {
  const copies = gradient.length / size;
  return Array.from({ length: size }, (_, i) => {
    const all = Array.from({ length: copies }, (_, copy) => gradient[copy * size + i]!);
    const mean = total(all) / copies;
    return { mean, error: Math.sqrt(total(all.map((x) => (x - mean) ** 2))) / copies };
  });
}

test("score function: unbiased for an exact expectation, by either source, with any number of samples", async () => {
  const theta = [0.5, -1, 1, 0, 0.25];
  const target = [1, 1, 0, 0, 0.5];
  const [k, copies] = [2, 4000];
  const lossOf = (states: Tensor): Tensor => states.sub(engine.tensor(target)).pow(2).sum(-1);
  const states = allSubsets(5, k);
  const losses = states.map((state) => total(state.map((x, i) => (x - target[i]!) ** 2)));
  const exponential = (x: readonly number[]): number => dot(enumerate(states, x).probabilities, losses);
  // Of masks the loss is linear in the state, so its expectation is a function of the mean state.
  const ofMean = (mean: readonly number[]): number =>
    total(target.map((b, i) => b ** 2 + mean[i]! * (1 - 2 * b)));
  const perturbed = (x: readonly number[]): number => ofMean(plackettLuceMarginals(x, k));
  for (const [name, loss, exact] of [
    ["subsets", scoreFunction(kSubsets(k), { samples: 4 }), exponential],
    ["subsets, one sample", scoreFunction(kSubsets(k)), exponential],
    ["enumerated", scoreFunction(enumerated(kSubsetStates(5, k)), { samples: 3 }), exponential],
    ["perturbed solver", scoreFunction(topK(k), { noise: gumbel(), samples: 4 }), perturbed],
  ] as const) {
    engine.seed(19);
    const rows = Array.from({ length: copies }, () => theta);
    const leaf = engine.tensor(rows, { requiresGrad: true });
    const values = loss(leaf, lossOf);
    assert.equal([...values.shape], [copies]);
    values.sum().backward();
    const value = total([...(await values.read())]) / copies;
    assert.ok(Math.abs(value - exact(theta)) < 0.05, `${name}: ${value} for ${exact(theta)}`);
    const slopes = differences(exact, theta);
    meanOfRows(await leaf.grad!.read(), 5).forEach(({ mean, error }, i) =>
      assert.ok(Math.abs(mean - slopes[i]!) < 4.5 * error, `${name}, ${i}: ${mean} ± ${error} for ${slopes[i]}`),
    );
  }
});

test("score function: the mean of the others as baseline, of both senses, and the loss's own gradient", async () => {
  for (const one of solverCases) {
    const random = randomSource(69);
    const [samples, temperature] = [4, 0.5];
    const theta = randomNumbers(random, rows * n);
    const noise = randomNumbers(random, rows * samples * n);
    const score = normal().score!;
    const loss = scoreFunction(one.solver, {
      noise: { ...givenNoise(engine.tensor(noise, [rows, samples, n])), score },
      samples,
      temperature,
    });
    const weights = randomNumbers(random, n);
    const leaf = engine.tensor(theta, [rows, n], { requiresGrad: true });
    const own = engine.tensor(weights, [n], { requiresGrad: true });
    const values = loss(leaf, (states) => states.mul(own).sum(-1).pow(2));
    const dy = randomNumbers(random, rows);
    values.backward(engine.tensor(dy));
    const expected: number[] = [];
    const slopes: number[] = [];
    const ofWeights = weights.map(() => 0);
    for (let row = 0; row < rows; row++) {
      const draws = Array.from({ length: samples }, (_, s) => rowOf(noise, row * samples + s));
      const states = draws.map((draw) => perturbTwin(one, rowOf(theta, row), draw, temperature));
      const losses = states.map((state) => dot(state, weights) ** 2);
      expected.push(total(losses) / samples);
      const slope = draws[0]!.map(() => 0);
      losses.forEach((value, s) => {
        const baseline = (total(losses) - value) / (samples - 1);
        const gain = ((value - baseline) * dy[row]!) / samples;
        draws[s]!.forEach((x, i) => (slope[i]! += (gain * one.sign * x) / temperature));
        states[s]!.forEach((x, i) => (ofWeights[i]! += (dy[row]! * 2 * dot(states[s]!, weights) * x) / samples));
      });
      slopes.push(...slope);
    }
    expectClose("values", await values.read(), expected);
    expectClose("gradient", await leaf.grad!.read(), slopes, { relative: 1e-4, absolute: 1e-5 });
    expectClose("of the loss's weights", await own.grad!.read(), ofWeights, { relative: 1e-5, absolute: 1e-5 });
  }
});

test("on grids, inputs reach the solver, and all losses are 0 where the prediction is right and certain", async () => {
  const solver = dijkstraGrid({ neighbours: 4 });
  const costs = engine.tensor(randomNumbers(randomSource(70), 2 * 16, 1, 2), [2, 4, 4]);
  const start = engine.tensor([[3, 0], [1, 1]], { dtype: "i32" });
  const best = solve(solver, costs, { start });
  const losses: readonly [SolverLoss, Tensor][] = [
    [spoPlus(solver), costs],
    [structuredSvm(solver, { margin: 1e-6 }), best],
    [fenchelYoung(solver, { noise: noNoise() }), best],
  ];
  for (const [loss, y] of losses) {
    assert.equal([...(await loss(costs, y, { start }).read())].map((x) => Math.abs(x) < 1e-5), [true, true]);
    const other = await loss(costs, y).read();
    if (y === best) assert.ok(other.some((x) => Math.abs(x) > 0.1), "from the corner other paths are best");
  }
  const quotient = await perturbationGradient(solver, { step: 0.25 })(costs, costs, { start }).read();
  const length = await costs.mul(best).sum([1, 2]).read();
  expectClose("the cost of the decision", quotient, length, { relative: 1e-4 });
});

const losses: Readonly<Record<string, () => SolverLoss>> = {
  fenchelYoung: () => fenchelYoung(topK(2), { samples: 4 }),
  spoPlus: () => spoPlus(topK(2)),
  structuredSvm: () => structuredSvm(topK(2)),
  perturbationGradient: () => perturbationGradient(topK(2)),
  scoreFunction: () => {
    const loss = scoreFunction(topK(2), { samples: 4 });
    const call = (theta: Tensor, y: Tensor): Tensor => loss(theta, (z) => z.sub(y.reshape([-1, 1, 8])).pow(2).sum(-1));
    const joined: SolverLoss = Object.assign(call, {
      eval: () => (loss.eval(), joined),
      train: () => (loss.train(), joined),
      kernelsFor: loss.kernelsFor,
    });
    return joined;
  },
};

for (const [name, make] of Object.entries(losses)) {
  test(`${name}: a step reads nothing back, leaves no memory, and compiles nothing again`, async () => {
    await checkLossSteps(engine, make(), engine.uniform([16, 8], { requiresGrad: true }), engine.uniform([16, 8]));
  });

  test(`${name}: eval() is exact, repeats, and passes no gradient to the weights`, async () => {
    const loss = make();
    const theta = engine.uniform([16, 8], { requiresGrad: true });
    const y = engine.uniform([16, 8]);
    loss.eval();
    const values = loss(theta, y);
    assert.is(values.requiresGrad, false);
    assert.equal(await values.read(), await loss(theta, y).read());
    loss.train();
    assert.is(loss(theta, y).requiresGrad, true);
  });
}

test("a call that is named has the same noise again, whatever was called between", async () => {
  const [theta, y] = [engine.zeros([30, 8]), engine.ones([30, 8])];
  const loss = fenchelYoung(topK(2));
  const expected = scoreFunction(topK(2));
  for (const run of [
    (call?: { call: number }) => loss(theta, y, {}, call),
    (call?: { call: number }) => expected(theta, (z) => z.mul(engine.arange(8, { dtype: "f32" })).sum(-1), {}, call),
  ]) {
    const named = [...(await run({ call: 7 }).read())];
    assert.not.equal([...(await run().read())], named);
    assert.equal([...(await run({ call: 7 }).read())], named);
  }
});

test("bad options and tensors that do not fit are refused with a fix, before anything is dispatched", () => {
  const solver = topK(2);
  for (const make of [fenchelYoung, spoPlus, structuredSvm, perturbationGradient, scoreFunction]) {
    refused(() => make({} as never), "value", /the first argument must be a solver/);
  }
  const wrong: readonly [() => unknown, RegExp][] = [
    [() => fenchelYoung(solver, { samples: 0 }), /samples must be/],
    [() => fenchelYoung(solver, { output: "mean" } as never), /options must be among/],
    [() => fenchelYoung(solver, { perturbation: "none" as never }), /perturbation must be/],
    [() => structuredSvm(solver, { margin: 0 }), /margin must be a number above 0/],
    [() => structuredSvm(solver, { lambda: 1 } as never), /options must be among/],
    [() => perturbationGradient(solver, { step: -1 }), /step must be a number above 0/],
    [() => perturbationGradient(solver, { difference: "left" as never }), /difference must be/],
    [() => scoreFunction(solver, { noise: noNoise() }), /a law whose score is known/],
    [() => scoreFunction(solver, { temperature: 0 }), /temperature must be a number above 0/],
    [() => scoreFunction(kSubsets(2), { temperature: 2 }), /options must be among samples, stream/],
  ];
  for (const [call, message] of wrong) refused(call, "value", message);
  const theta = engine.zeros([3, 5]);
  const [other, whole] = [engine.zeros([3, 4]), engine.zeros([3, 5], { dtype: "i32" })];
  const before = engine.stats().dispatches;
  for (const loss of [fenchelYoung(solver), spoPlus(solver), structuredSvm(solver), perturbationGradient(solver)]) {
    refused(() => loss(theta, other), "shape", /must have the weights' shape \[3, 5\], got \[3, 4\]/);
    refused(() => loss(theta, whole), "dtype", /must be f32/);
    refused(() => loss(whole, theta), "dtype", /must be f32/);
  }
  refused(() => fenchelYoung(topK(6))(theta, theta), "shape", /k must be/);
  refused(() => fenchelYoung(solver, { samples: 2 ** 24 })(theta, theta), "value", /below 2²⁴/);
  refused(() => scoreFunction(solver)(theta, theta as never), "value", /must be a function from states to losses/);
  assert.is(engine.stats().dispatches, before);
  const loss = scoreFunction(solver, { samples: 2 });
  refused(() => loss(theta, (z) => z.sum()), "shape", /\[...batch, S\] = \[3, 2\], got \[\]/);
});

test.run();
