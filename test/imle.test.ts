import {
  customGradient,
  Engine,
  givenNoise,
  gumbel,
  ImleError,
  imle,
  type ImleOptions,
  noGrad,
  perturbAndMap,
  pid,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";
import { type SolverCase, solverCases } from "./support/perturbed.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("imle");
const { fround } = Math;

interface Problem {
  readonly one: SolverCase;
  readonly theta: Float32Array;
  /** [instances, samples, n] */
  readonly noise: Float32Array;
  readonly samples: number;
  readonly n: number;
  readonly temperature: number;
  readonly targetTemperature: number;
  readonly alpha: number;
  readonly lambda: number;
  /** ∂L/∂z of instance b and sample s. */
  readonly gradient: (instance: number, sample: number) => Float32Array;
}

/**
 * The definition of I-MLE in plain loops (Niepert, Minervini, Franceschi 2021, Eq. 5, 9, 10; costs by c = −θ), with
 * weights rounded to f32 as they are on the device, so that ties and states are the same ones.
 */
function imleTwin(problem: Problem): { states: Int32Array[]; gradient: Float64Array } {
  const { theta, noise, samples, n, temperature, targetTemperature, alpha, lambda } = problem;
  const { twin, sign } = problem.one;
  const states: Int32Array[] = [];
  const gradient = new Float64Array(theta.length);
  for (let row = 0; row < noise.length / n; row++) {
    const instance = Math.floor(row / samples);
    const dy = problem.gradient(instance, row % samples);
    const at = (i: number): number => theta[instance * n + i]!;
    const perturb = (base: number, scale: number, i: number): number =>
      fround(base + fround(fround(sign * scale) * noise[row * n + i]!));
    const z = twin(Float32Array.from({ length: n }, (_, i) => perturb(at(i), temperature, i)));
    const towards = twin(
      Float32Array.from({ length: n }, (_, i) => {
        const moved = fround(fround(fround(alpha) * at(i)) - fround(fround(sign * lambda) * dy[i]!));
        return perturb(moved, targetTemperature, i);
      }),
    );
    for (let i = 0; i < n; i++) gradient[instance * n + i]! += (sign * (z[i]! - towards[i]!)) / samples;
    states.push(z);
  }
  return { states, gradient };
}

for (const one of solverCases) {
  const { name, solver } = one;
  for (const output of ["mean", "samples"] as const) {
    for (const samples of [1, 4]) {
      test(`${name}, output ${output}, S ${samples}: both passes equal the definition, to the last state`, async () => {
        const random = randomSource(21);
        const [instances, n] = [9, 12];
        const theta = randomNumbers(random, instances * n);
        const noise = randomNumbers(random, instances * samples * n);
        const perSample = output === "samples";
        const dy = randomNumbers(random, instances * n * (perSample ? samples : 1));
        const [temperature, targetTemperature, alpha, lambda] = [0.5, 0.25, 0.75, 1.5];
        const expected = imleTwin({
          ...{ one, theta, noise, samples, n, temperature, targetTemperature, alpha, lambda },
          gradient: (b, s) => dy.subarray((perSample ? b * samples + s : b) * n).subarray(0, n),
        });
        const layer = imle(solver, {
          noise: givenNoise(engine.tensor(noise, [instances, samples, n])),
          target: pid({ alpha, lambda }),
          ...{ samples, temperature, targetTemperature, output },
        });
        const leaf = engine.tensor(theta, [instances, n], { requiresGrad: true });
        const z = layer(leaf);
        assert.equal(z.shape, perSample ? [instances, samples, n] : [instances, n]);
        const states = await z.read();
        const flat = expected.states.flatMap((state) => [...state]);
        if (perSample) assert.equal(states, Float32Array.from(flat));
        else {
          const mean = new Float64Array(instances * n);
          flat.forEach((value, i) => (mean[Math.floor(i / (samples * n)) * n + (i % n)]! += value / samples));
          assert.equal(states, Float32Array.from(mean));
        }
        z.backward(engine.tensor(dy, z.shape));
        const gradient = await leaf.grad!.read();
        gradient.forEach((value, i) => assert.ok(Math.abs(value - expected.gradient[i]!) < 1e-6, `element ${i}`));
        assert.ok(expected.gradient.some((value) => value !== 0), "the test moves some states");
      });
    }
  }
}

test("divideByLambda divides the gradient by λ", async () => {
  const random = randomSource(22);
  const theta = engine.tensor(randomNumbers(random, 40), [4, 10], { requiresGrad: true });
  const noise = givenNoise(engine.tensor(randomNumbers(random, 40), [4, 1, 10]));
  const dy = engine.tensor(randomNumbers(random, 40), [4, 10]);
  const gradientOf = async (divideByLambda: boolean): Promise<Float32Array> => {
    imle(topK(4), { noise, target: pid({ lambda: 8 }), divideByLambda })(theta).backward(dy);
    const gradient = await theta.grad!.read();
    theta.grad = null;
    return gradient;
  };
  const whole = await gradientOf(false);
  assert.equal(await gradientOf(true), whole.map((value) => value / 8));
  assert.ok(whole.some((value) => value !== 0));
});

test("without noise, with α 1 and divided by λ, the gradient is that of blackbox differentiation", async () => {
  const random = randomSource(23);
  const [rows, n, k, lambda] = [30, 16, 5, 4];
  const weights = randomNumbers(random, rows * n);
  const dy = randomNumbers(random, rows * n);
  const theta = engine.tensor(weights, [rows, n], { requiresGrad: true });
  const layer = imle(topK(k), { temperature: 0, target: pid({ lambda }), divideByLambda: true });
  layer(theta).backward(engine.tensor(dy, [rows, n]));
  const gradient = await theta.grad!.read();
  for (let row = 0; row < rows; row++) {
    const own = weights.subarray(row * n, (row + 1) * n);
    const z = topKCpu(own, k);
    const moved = topKCpu(own.map((value, i) => fround(value - fround(lambda * dy[row * n + i]!))), k);
    z.forEach((value, i) => assert.is(gradient[row * n + i], (value - moved[i]!) / lambda + 0));
  }
});

test("eval() solves without noise, train() perturbs again, and both return the layer", async () => {
  const random = randomSource(24);
  const weights = randomNumbers(random, 50 * 20);
  const theta = engine.tensor(weights, [50, 20]);
  const layer = imle(topK(5), { noise: sumOfGamma({ kappa: 5 }), temperature: 3, samples: 2 });
  const map = Float32Array.from(
    Array.from({ length: 50 }, (_, row) => [...topKCpu(weights.subarray(row * 20, row * 20 + 20), 5)]).flat(),
  );
  assert.is(layer.eval(), layer);
  assert.equal(await layer(theta).read(), map);
  assert.is(layer.train(), layer);
  assert.not.equal(await layer(theta).read(), map);
  const sampled = imle(topK(5), { output: "samples", samples: 3 }).eval();
  assert.equal(sampled(theta).shape, [50, 1, 20]);
});

test("every state has exactly k ones, and Gumbel noise on top-1 gives the softmax distribution", async () => {
  const [n, samples] = [6, 60_000];
  const scores = [0.5, -1, 2, 0, 1.5, -0.25];
  const layer = imle(topK(1), { noise: gumbel(), samples });
  const frequencies = await layer(engine.tensor([scores])).read();
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  for (let i = 0; i < n; i++) {
    const p = Math.exp(scores[i]!) / total;
    const deviations = Math.abs(frequencies[i]! - p) / Math.sqrt((p * (1 - p)) / samples);
    assert.ok(deviations < 5, `class ${i}: ${frequencies[i]} for ${p}, ${deviations} standard deviations`);
  }
});

test("layers, calls, samples and instances have noise of their own; a seed gives everything again", async () => {
  const theta = engine.zeros([4, 30]);
  const options: ImleOptions = { noise: sumOfGamma({ kappa: 10 }), samples: 3, output: "samples" };
  const draw = async (layer: (theta: Tensor) => Tensor): Promise<string[]> => {
    const states = await layer(theta).read();
    return Array.from({ length: 12 }, (_, row) => states.slice(row * 30, row * 30 + 30).join(""));
  };
  engine.seed(5);
  const [first, second] = [imle(topK(10), options), imle(topK(10), options)];
  const all = [...(await draw(first)), ...(await draw(first)), ...(await draw(second))];
  assert.is(new Set(all).size, all.length, "no two draws are equal");
  engine.seed(5);
  assert.equal([...(await draw(first)), ...(await draw(first)), ...(await draw(second))], all);
  engine.seed(6);
  assert.not.equal(await draw(first), all.slice(0, 12));
  const [left, right] = [imle(topK(10), { ...options, stream: 77 }), imle(topK(10), { ...options, stream: 77 })];
  engine.seed(5);
  const shared = await draw(left);
  engine.seed(5);
  assert.equal(await draw(right), shared, "layers of one stream share their noise");
});

test("a step is at most four dispatches and no readback, for any S", async () => {
  const engine = await Engine.create();
  for (const [samples, dispatches] of [[1, 3], [16, 4]] as const) {
    const layer = imle(topK(4), { noise: sumOfGamma({ kappa: 4 }), samples });
    const theta = engine.uniform([32, 20], { requiresGrad: true });
    const dy = engine.uniform([32, 20]);
    engine.flush();
    const before = engine.stats();
    const z = layer(theta);
    const middle = engine.stats();
    z.backward(dy);
    const after = engine.stats();
    assert.ok(middle.dispatches - before.dispatches <= 2, "forward: one, and one that reduces");
    assert.ok(after.dispatches - before.dispatches <= dispatches, `S ${samples}: ${after.dispatches - before.dispatches}`);
    assert.is(after.readbacks, before.readbacks);
    await engine.idle();
  }
  engine.dispose();
});

test("memory does not grow with the number of samples", async () => {
  const peaks: number[] = [];
  for (const samples of [2, 1000]) {
    const engine = await Engine.create();
    const theta = engine.uniform([16, 24], { requiresGrad: true });
    const layer = imle(topK(4), { noise: sumOfGamma({ kappa: 4 }), samples });
    engine.scope(() => layer(theta).backward(engine.ones([16, 24])));
    await engine.idle();
    peaks.push(engine.memory().peakBytes);
    engine.dispose();
  }
  assert.is(peaks[0], peaks[1]);
});

test("an estimator of one's own has all that imle has: perturbAndMap and customGradient give the same gradient", async () => {
  const random = randomSource(25);
  const weights = randomNumbers(random, 80);
  const dy = engine.tensor(randomNumbers(random, 80), [8, 10]);
  const [solver, noise, target, samples] = [topK(3), sumOfGamma({ kappa: 3 }), pid({ lambda: 5 }), 7];
  const gradientOf = async (layer: (theta: Tensor) => Tensor): Promise<Float32Array> => {
    engine.seed(1);
    const theta = engine.tensor(weights, [8, 10], { requiresGrad: true });
    layer(theta).backward(dy);
    return theta.grad!.read();
  };
  const own = (theta: Tensor): Tensor => {
    const place = engine.random.next(99);
    let z: Tensor;
    return customGradient({
      inputs: [theta],
      forward: (x) => (z = perturbAndMap(solver, x, { noise, samples, place })),
      backward: (gradient) => {
        const differenceFrom = { states: z, scale: 1 };
        return perturbAndMap(solver, theta, { noise, samples, place, target: { target, gradient }, differenceFrom });
      },
    });
  };
  assert.equal(await gradientOf(own), await gradientOf(imle(solver, { noise, target, samples, stream: 99 })));
});

test("noGrad leaves no tape, and eval passes no gradient", async () => {
  const theta = engine.zeros([2, 5], { requiresGrad: true });
  const layer = imle(topK(2));
  assert.is(noGrad(() => layer(theta)).requiresGrad, false);
  assert.is(layer.eval()(theta).requiresGrad, false);
});

test("options out of range, and tensors that do not fit, are refused before anything is recorded", async () => {
  const solver = topK(2);
  const wrong: readonly [() => unknown, string][] = [
    [() => imle({} as never), "value"],
    [() => imle(solver, { samples: 0 }), "value"],
    [() => imle(solver, { sample: 10 } as never), "value"],
    [() => imle(solver, { noise: gumbel as never }), "value"],
    [() => imle(solver, { samples: 1.5 }), "value"],
    [() => imle(solver, { temperature: -1 }), "value"],
    [() => imle(solver, { targetTemperature: NaN }), "value"],
    [() => imle(solver, { output: "median" as never }), "value"],
    [() => imle(solver, { target: {} as never }), "value"],
    [() => imle(solver, { target: pid({ lambda: 0 }), divideByLambda: true }), "value"],
    [() => pid({ lambda: -1 }), "value"],
    [() => pid({ alpha: Infinity }), "value"],
    [() => givenNoise(engine.zeros([1], { dtype: "i32" })), "dtype"],
  ];
  for (const [call, code] of wrong) {
    assert.throws(call, (error: unknown) => error instanceof ImleError && error.code === code && error.fix !== "");
  }
  const theta = engine.zeros([3, 5]);
  const whole = engine.zeros([3, 5], { dtype: "i32" });
  const noise = givenNoise(engine.zeros([3, 2, 5]));
  const before = engine.stats().dispatches;
  const late: readonly [() => unknown, string][] = [
    [() => imle(solver)(whole), "dtype"],
    [() => imle(topK(6))(theta), "shape"],
    [() => imle(solver, { noise })(theta), "shape"],
    [() => imle(solver, { samples: 2 ** 24 })(theta), "value"],
    [() => imle(solver, { stream: 70_000 })(theta), "value"],
    [() => perturbAndMap(solver, theta, { output: "sum" as never }), "value"],
    [() => perturbAndMap(solver, theta, { noise: gumbel as never }), "value"],
    [() => perturbAndMap(solver, theta, { sample: 2 } as never), "value"],
    [() => perturbAndMap(solver, theta, { target: { target: pid(), gradient: whole } }), "dtype"],
  ];
  for (const [call, code] of late) {
    assert.throws(call, (error: unknown) => error instanceof ImleError && error.code === code, `${call}`);
  }
  assert.is(engine.stats().dispatches, before);
});

test.run();
