import {
  adaptive,
  type AdaptiveOptions,
  Engine,
  givenNoise,
  imle,
  known,
  loadSafetensors,
  optimalState,
  pid,
  saveSafetensors,
  type Target,
  type Tensor,
  topK,
} from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { type SolverCase, solverCases } from "./support/perturbed.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("targets");
const { fround } = Math;

const [instances, samples, n] = [6, 3, 12] as const;
const random = randomSource(31);
const theta = randomNumbers(random, instances * n);
const noise = randomNumbers(random, instances * samples * n);
/** Half of it is 0. */
const gradient = randomNumbers(random, instances * n).map((value, i) => (i % 2 === 0 ? value : 0));

/** State of an instance under base weights, with a row of noise; costs have it subtracted. */
function stateUnder(
  { twin, sign }: SolverCase,
  base: (i: number) => number,
  b: number,
  row: number,
  draws = noise,
): Int32Array {
  const own = Float32Array.from({ length: n }, (_, i) => fround(base(b * n + i) + sign * draws[row * n + i]!));
  return twin(own);
}

/** (1/S) Σ (z − z′) with these θ′, or minus it for costs. */
function gradientUnder(one: SolverCase, base: (i: number) => number): Float64Array {
  const sum = new Float64Array(instances * n);
  for (let b = 0; b < instances; b++) {
    for (let s = 0; s < samples; s++) {
      const z = stateUnder(one, (i) => theta[i]!, b, b * samples + s);
      const moved = stateUnder(one, base, b, b * samples + s);
      for (let i = 0; i < n; i++) sum[b * n + i]! += (one.sign * (z[i]! - moved[i]!)) / samples;
    }
  }
  return sum;
}

async function gradientOf(solver: SolverCase["solver"], options: { target: Target; divideByLambda?: boolean }, call = {}): Promise<Float32Array> {
  const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
  const layer = imle(solver, { noise: givenNoise(engine.tensor(noise, [instances, samples, n])), samples, ...options });
  layer(leaf, {}, call).backward(engine.tensor(gradient, [instances, n]));
  return leaf.grad!.read();
}

const expectClose = (got: Float32Array, expected: Float64Array): void => {
  got.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-6, `element ${i}: ${value}, ${expected[i]}`));
  assert.ok(expected.some((value) => value !== 0), "the test moves some states");
};

for (const one of solverCases) {
  const { name, solver, sign } = one;

  test(`${name}: optimalState is θ where ∂L/∂z is 0, and −∂L/∂z elsewhere (Eq. 14)`, async () => {
    const base = (i: number): number => (gradient[i] === 0 ? theta[i]! : -sign * gradient[i]!);
    expectClose(await gradientOf(solver, { target: optimalState() }), gradientUnder(one, base));
  });

  test(`${name}: pid with a central difference is half of what lies between both sides, divided by λ where asked`, async () => {
    const [alpha, lambda] = [0.75, 1.5];
    const towards = (side: number) => (i: number): number =>
      fround(fround(alpha * theta[i]!) - fround(sign * side * lambda * gradient[i]!));
    const [lower, upper] = [gradientUnder(one, towards(1)), gradientUnder(one, towards(-1))];
    const expected = lower.map((value, i) => (value - upper[i]!) / 2);
    const target = pid({ alpha, lambda, difference: "central" });
    expectClose(await gradientOf(solver, { target }), expected);
    const divided = expected.map((value) => value / lambda);
    expectClose(await gradientOf(solver, { target, divideByLambda: true }), divided);
  });

  for (const [output, marginalSamples] of [["mean", 2], ["samples", 1], ["samples", 2]] as const) {
    test(`${name}: central and one-sided pid agree on both sides (output ${output}, M ${marginalSamples})`, async () => {
      const draws = randomNumbers(randomSource(32), instances * samples * marginalSamples * n);
      const given = givenNoise(engine.tensor(draws, [instances, samples * marginalSamples, n]));
      const dz = randomNumbers(randomSource(33), instances * n * (output === "samples" ? samples : 1));
      const step = async (difference: "one-sided" | "central", scale: number): Promise<Float32Array> => {
        const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
        const target = pid({ lambda: 2, difference });
        const z = imle(solver, { noise: given, samples, marginalSamples, target, output })(leaf);
        z.backward(engine.tensor(dz.map((x) => x * scale), z.shape));
        return leaf.grad!.read();
      };
      const [ahead, behind] = [await step("one-sided", 1), await step("one-sided", -1)];
      expectClose(await step("central", 1), Float64Array.from(ahead, (value, i) => (value - behind[i]!) / 2));
    });
  }

  test(`${name}: known solves under the true weights, which may change from call to call`, async () => {
    const truths = [1, 2].map((seed) => randomNumbers(randomSource(seed), instances * n));
    const [first, second] = truths.map((values) => engine.tensor(values, [instances, n]));
    const expected = truths.map((values) => gradientUnder(one, (i) => values[i]!));
    expectClose(await gradientOf(solver, { target: known(first!) }), expected[0]!);
    expectClose(await gradientOf(solver, { target: known(first!) }, { target: known(second!) }), expected[1]!);
    expectClose(await gradientOf(solver, { target: pid() }, { target: known(second!) }), expected[1]!);
  });
}

test("with a Hamming loss and no noise optimalState is the perceptron's rule, MAP(θ) − y", async () => {
  const scores = engine.tensor(theta, [instances, n], { requiresGrad: true });
  const states = Array.from({ length: instances }, (_, b) => [...topKCpu(randomNumbers(randomSource(b), n), 3)]).flat();
  const wanted = engine.tensor(states, [instances, n]);
  const layer = imle(topK(3), { temperature: 0, target: optimalState() });
  // Hamming: Σ z(1 − y) + y(1 − z), whose derivative is 1 − 2y.
  layer(scores).backward(wanted.mul(-2).add(1));
  const map = Array.from({ length: instances }, (_, b) => [...topKCpu(theta.subarray(b * n, (b + 1) * n), 3)]).flat();
  assert.equal(await scores.grad!.read(), Float32Array.from(map, (z, i) => z - states[i]!));
});

interface AdaptiveState {
  beta: number;
  norm: number;
  change: number;
}

/** The adaptive target's definition in plain loops; θ′ with the λ that the device found, which is compared by itself. */
function adaptiveTwin(
  one: SolverCase,
  draws: Float32Array<ArrayBuffer>,
  dy: (b: number, s: number, i: number) => number,
  { alpha = 1, difference = "one-sided", step = 1e-3, momentum = 0, decay = 0.9, targetNorm = 1 }: AdaptiveOptions,
  state: AdaptiveState,
  lambda: number,
): Float64Array {
  const { sign } = one;
  const marginalSamples = draws.length / (instances * samples * n);
  const sum = new Float64Array(instances * n);
  let differing = 0;
  for (let b = 0; b < instances; b++) {
    for (let s = 0; s < samples; s++) {
      /** The sum of the states of the sample's draws. */
      const summed = (base: (i: number) => number): number[] => {
        const rows = Array.from({ length: marginalSamples }, (_, m) => (b * samples + s) * marginalSamples + m);
        const states = rows.map((row) => stateUnder(one, base, b, row, draws));
        return Array.from({ length: n }, (_, i) => states.reduce((all, state) => all + state[i]!, 0));
      };
      const towards = (side: number): number[] =>
        summed((i) =>
          fround(fround(fround(alpha) * theta[i]!) - fround(fround(sign * side * lambda) * dy(b, s, i - b * n))),
        );
      const upper = difference === "central" ? towards(-1) : summed((i) => theta[i]!);
      const lower = towards(1);
      for (let i = 0; i < n; i++) {
        const d = (upper[i]! - lower[i]!) / marginalSamples;
        differing += d === 0 ? 0 : 1;
        sum[b * n + i]! += (sign * d) / (difference === "central" ? 2 : 1) / samples / (lambda > 0 ? lambda : 1);
      }
    }
  }
  state.norm = decay * state.norm + (1 - decay) * (differing / (instances * samples));
  state.change = momentum * state.change + (state.norm < targetNorm ? step : -step);
  state.beta = Math.max(state.beta + state.change, 0);
  return sum;
}

const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((total, value) => total + value * value, 0));

const adaptiveCases = solverCases.flatMap((one) =>
  (["one-sided", "central"] as const).flatMap((difference) =>
    (["mean", "samples"] as const).flatMap((output) =>
      [1, 2].map((marginalSamples) => ({ one, difference, output, marginalSamples })),
    ),
  ),
);

for (const { one, difference, output, marginalSamples } of adaptiveCases) {
  const title = `${one.name}, ${difference}, output ${output}, M ${marginalSamples}`;
  test(`${title}: five adaptive steps equal the definition`, async () => {
    const options: AdaptiveOptions = { ...{ difference, alpha: 0.75, beta: 0.4, step: 0.1, momentum: 0.5, targetNorm: 2 } };
    const target = adaptive(options);
    const draws = randomNumbers(randomSource(39), instances * samples * marginalSamples * n);
    const layer = imle(one.solver, {
      noise: givenNoise(engine.tensor(draws, [instances, samples * marginalSamples, n])),
      ...{ samples, marginalSamples, target, output },
    });
    const state: AdaptiveState = { beta: 0.4, norm: 1, change: 0 };
    const betas: number[] = [];
    for (let step = 0; step < 5; step++) {
      const rows = output === "samples" ? samples : 1;
      const dy = randomNumbers(randomSource(40 + step), instances * rows * n);
      const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
      const z = layer(leaf);
      z.backward(engine.tensor(dy, z.shape));
      const got = await leaf.grad!.read();
      const [beta, mean, change, lambda] = await target.state(engine).values.read();
      const expectedLambda = (state.beta * norm(theta)) / (norm(dy) / Math.sqrt(rows));
      assert.ok(Math.abs(lambda! / expectedLambda - 1) < 1e-5, `λ ${lambda} for ${expectedLambda}`);
      const at = (b: number, s: number, i: number): number => dy[(b * rows + (rows > 1 ? s : 0)) * n + i]!;
      const expected = adaptiveTwin(one, draws, at, options, state, lambda!);
      got.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5, `element ${i}`));
      for (const [actual, wanted] of [[beta, state.beta], [mean, state.norm], [change, state.change]]) {
        assert.ok(Math.abs(actual! - wanted!) < 1e-5, `step ${step}: ${actual} for ${wanted}`);
      }
      betas.push(beta!);
    }
    assert.ok(new Set(betas).size > 2, "β has moved");
  });
}

test("where ∂L/∂z is 0, or β is, λ is 0 and the gradient is not divided", async () => {
  const target = adaptive();
  const layer = imle(topK(3), { temperature: 0, target });
  const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
  layer(leaf).backward(engine.tensor(gradient, [instances, n]));
  assert.equal(await leaf.grad!.read(), new Float32Array(instances * n));
  const [beta, , , lambda] = await target.state(engine).values.read();
  assert.is(lambda, 0);
  assert.is(beta, fround(1e-3), "n has fallen below 1, so β rises from 0");
  layer(leaf).backward(engine.zeros([instances, n]));
  assert.is((await target.state(engine).values.read())[3], 0);
  assert.equal(await leaf.grad!.read(), new Float32Array(instances * n));
});

test("an adaptive state that was saved and written back gives the same steps again", async () => {
  const dy = engine.tensor(gradient, [instances, n]);
  const run = async (target: ReturnType<typeof adaptive>, steps: number, first: number): Promise<Float32Array> => {
    const layer = imle(topK(3), { target, samples: 2, stream: 901 });
    let got: Tensor | null = null;
    for (let step = first; step < first + steps; step++) {
      const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
      layer(leaf, {}, { call: step }).backward(dy);
      got = leaf.grad;
    }
    return got!.read();
  };
  const options = { beta: 1, step: 0.25 };
  const whole = adaptive(options);
  await run(whole, 3, 0);
  const saved = await whole.state(engine).values.read();
  const expected = await run(whole, 3, 3);
  const restored = adaptive(options);
  restored.state(engine).values.write(saved);
  assert.equal(await run(restored, 3, 3), expected);
  assert.equal(await restored.state(engine).values.read(), await whole.state(engine).values.read());
});

test("an adaptive state goes through a safetensors file", async () => {
  const [target, other] = [adaptive({ beta: 0.5 }), adaptive()];
  const layer = imle(topK(3), { target });
  const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
  layer(leaf).backward(engine.tensor(gradient, [instances, n]));
  loadSafetensors(await saveSafetensors({ target: target.state(engine) }), { target: other.state(engine) });
  assert.equal(await other.state(engine).values.read(), await target.state(engine).values.read());
});

test("in a captured step the adaptive state advances at every replay, to the bits of plain steps", async () => {
  const outcomes: number[][] = [];
  for (const captured of [false, true]) {
    const on = await testEngine({ debug: false });
    on.seed(3);
    const target = adaptive({ beta: 0.3, step: 0.1, targetNorm: 3 });
    const layer = imle(topK(3), { target, samples: 4, stream: 7 });
    const leaf = on.tensor(theta, [instances, n], { requiresGrad: true });
    const plain = (dy: Tensor): Tensor => {
      leaf.grad = null;
      const loss = layer(leaf).mul(dy).sum();
      loss.backward();
      return loss;
    };
    const step = captured ? on.capture(plain) : plain;
    const read: number[] = [];
    for (let i = 0; i < 6; i++) {
      const dy = on.tensor(randomNumbers(randomSource(60 + i), instances * n), [instances, n]);
      read.push(await step(dy).item(), ...(await leaf.grad!.read()), ...(await target.state(on).values.read()));
    }
    outcomes.push(read);
  }
  assert.equal(outcomes[1], outcomes[0]);
});

test("adaptive and central steps are at most eight dispatches, no readback, and compile nothing that was prepared", async () => {
  const engine = await Engine.create();
  const settings = [1, 7].flatMap((samples) => [1, 3].map((marginalSamples) => ({ samples, marginalSamples })));
  const targets: readonly [string, () => Target][] = [
    ["adaptive, one-sided", adaptive],
    ["adaptive, central", () => adaptive({ difference: "central" })],
    ["pid, central", () => pid({ difference: "central" })],
  ];
  for (const [name, target] of targets) {
    for (const output of ["mean", "samples"] as const) {
      for (const setting of settings) {
        const layer = imle(topK(4), { ...setting, output, target: target() });
        const theta = engine.uniform([8, 20], { requiresGrad: true });
        await engine.prepare(layer, [theta.shape]);
        const dy = engine.uniform(output === "mean" ? [8, 20] : [8, setting.samples, 20]);
        engine.flush();
        const before = engine.stats();
        layer(theta).backward(dy);
        const after = engine.stats();
        const spent = after.dispatches - before.dispatches;
        const what = `${name}, ${output}, S ${setting.samples}, M ${setting.marginalSamples}`;
        assert.ok(spent <= 8, `${what}: ${spent} dispatches`);
        assert.is(after.readbacks, before.readbacks);
        assert.is(after.pipelines, before.pipelines, `${what}: all was prepared`);
      }
    }
  }
  await engine.idle();
  engine.dispose();
});

test("targets say what does not fit", async () => {
  refused(() => imle(topK(2), { target: adaptive(), divideByLambda: true }), "value", /divideByLambda .* got "adaptive"/);
  refused(() => imle(topK(2), { target: optimalState(), divideByLambda: true }), "value", /divideByLambda/);
  refused(() => adaptive({ beta: -1 }), "value", /^adaptive: beta must be a number from 0, got -1/);
  refused(() => adaptive({ momentum: 1 }), "value", /momentum/);
  refused(() => adaptive({ decay: 1.5 }), "value", /decay/);
  refused(() => adaptive({ difference: "both" as never }), "value", /difference/);
  refused(() => adaptive({ betas: 1 } as never), "value", /betas/);
  refused(() => known(3 as never), "value", /^known: the true weights must be a tensor/);
  refused(() => known(engine.zeros([2], { dtype: "i32" })), "dtype", /f32/);
  const layer = imle(topK(2), { target: known(engine.zeros([4, 6])) });
  refused(() => layer(engine.zeros([4, 5])), "shape", /the known target must .* \[4, 5\], got f32 \[4, 6\]/);
});

test.run();
