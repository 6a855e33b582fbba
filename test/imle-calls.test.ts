import {
  drawNoise,
  gumbel,
  givenNoise,
  imle,
  type ImleOptions,
  laplace,
  perturbAndMap,
  pid,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow, bestWindowCpu } from "./solvers/best-window.js";
import { scoped, testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("calls of a layer");

/** z and ∂L/∂θ of one call. */
async function step(
  layer: ReturnType<typeof imle>,
  values: Float32Array<ArrayBuffer>,
  shape: readonly number[],
  dy: Float32Array<ArrayBuffer>,
  call: Parameters<typeof layer>[2] = {},
): Promise<{ z: Float32Array; gradient: Float32Array }> {
  const leaf = engine.tensor(values, shape, { requiresGrad: true });
  const z = layer(leaf, {}, call);
  z.backward(engine.tensor(dy, z.shape));
  return { z: await z.read(), gradient: await leaf.grad!.read() };
}

const random = randomSource(51);
const { fround } = Math;
const [rows, n] = [8, 20] as const;
const shape = [rows, n] as const;
const theta = randomNumbers(random, rows * n);
const dy = randomNumbers(random, rows * n);

test("prepare compiles all that a step needs of a solver", async () => {
  for (const output of ["mean", "samples"] as const) {
    for (const [instances, length] of [[3, 24], [40, 24], [40, 90]] as const) {
      const layer = imle(topK(6), { noise: sumOfGamma({ kappa: 6 }), samples: 3, output });
      const leaf = engine.zeros([instances, length], { requiresGrad: true });
      await engine.prepare(layer, [leaf.shape]);
      const gradient = engine.ones(output === "mean" ? leaf.shape : [instances, 3, length]);
      engine.flush();
      const before = engine.stats();
      const z = layer(leaf);
      const middle = engine.stats();
      const meansTakePass = instances < 32;
      if (output === "mean" && !meansTakePass) assert.is(middle.dispatches - before.dispatches, 1);
      z.backward(gradient);
      const after = engine.stats();
      if (meansTakePass) continue; // the pass that takes the mean is not the solver's
      assert.is(after.pipelines, before.pipelines, `${output}, [${instances}, ${length}]`);
      assert.is(after.dispatches - middle.dispatches, 1);
    }
  }
  await engine.idle();
});

test("a call's number holds the noise fixed over steps; without one it is drawn afresh", async () => {
  const layer = imle(topK(5), { noise: sumOfGamma({ kappa: 5 }), samples: 2 });
  const first = await step(layer, theta, shape, dy, { call: 7 });
  const afresh = await step(layer, theta, shape, dy);
  assert.not.equal(afresh.z, first.z);
  assert.equal(await step(layer, theta, shape, dy, { call: 7 }), first);
  assert.not.equal(await step(layer, theta, shape, dy), afresh);
  const other = imle(topK(5), { noise: sumOfGamma({ kappa: 5 }), samples: 2 });
  assert.not.equal(await step(other, theta, shape, dy, { call: 7 }), first, "streams differ");
});

test("marginalSamples averages within each sample, in both passes", async () => {
  const [samples, draws] = [3, 4];
  const noise = givenNoise(engine.tensor(randomNumbers(random, rows * samples * draws * n), [rows, samples * draws, n]));
  const layer = imle(topK(5), { noise, samples, marginalSamples: draws, output: "samples", target: pid({ lambda: 2 }) });
  const gradient = randomNumbers(random, rows * samples * n);
  const got = await step(layer, theta, shape, gradient);
  // Each draw as a sample of its own, with the ∂L/∂z of its group.
  const spread = Float32Array.from({ length: rows * samples * draws * n }, (_, i) => {
    const draw = Math.floor(i / n);
    return gradient[Math.floor(draw / draws) * n + (i % n)]!;
  });
  const single = imle(topK(5), { noise, samples: samples * draws, output: "samples", target: pid({ lambda: 2 }) });
  const expected = await step(single, theta, shape, spread);
  assert.equal(got.gradient, expected.gradient);
  const means = Float32Array.from({ length: rows * samples * n }, (_, i) => {
    let sum = 0;
    for (let m = 0; m < draws; m++) sum += expected.z[(Math.floor(i / n) * draws + m) * n + (i % n)]!;
    return sum / draws;
  });
  assert.equal(got.z, means);
  const mean = imle(topK(5), { noise, samples, marginalSamples: draws });
  const flat = imle(topK(5), { noise, samples: samples * draws });
  assert.equal(await step(mean, theta, shape, dy), await step(flat, theta, shape, dy));
});

test("a range of samples is that part of the whole call, with its noise and its gradients", async () => {
  const weights = engine.tensor(theta, shape);
  const gradient = engine.tensor(randomNumbers(random, rows * 5 * n), [rows, 5, n]);
  const place = engine.random.next(3);
  const call = { noise: gumbel(), place, output: "samples", target: { target: pid(), gradient } } as const;
  const whole = await perturbAndMap(topK(4), weights, { ...call, samples: 5 }).read();
  const part = await perturbAndMap(topK(4), weights, { ...call, samples: 2, sampleRange: { first: 2, of: 5 } }).read();
  for (let row = 0; row < rows; row++) {
    const expected = whole.slice((row * 5 + 2) * n, (row * 5 + 4) * n);
    assert.equal(part.slice(row * 2 * n, (row + 1) * 2 * n), expected);
  }
});

test("κ may differ from instance to instance: each row is that of a layer with its κ alone", async () => {
  const kappas = [2, 5, 9.5];
  const laws = Uint32Array.from({ length: rows }, (_, row) => (row * 2) % 3);
  const options: ImleOptions = { samples: 6, stream: 902, target: pid({ lambda: 3 }) };
  const noise = sumOfGamma({ kappa: kappas });
  const law = engine.tensor(laws);
  const got = await step(imle(topK(5), { ...options, noise }), theta, shape, dy, { call: 1, law });
  for (const [number, kappa] of kappas.entries()) {
    const alone = imle(topK(5), { ...options, noise: sumOfGamma({ kappa }) });
    const expected = await step(alone, theta, shape, dy, { call: 1 });
    for (let row = 0; row < rows; row++) {
      if (laws[row] !== number) continue;
      const own = [row * n, (row + 1) * n] as const;
      assert.equal(got.z.slice(...own), expected.z.slice(...own), `row ${row}, κ ${kappa}`);
      assert.equal(got.gradient.slice(...own), expected.gradient.slice(...own));
    }
  }
});

test("sixty-four laws fit, together with a temperature an instance", async () => {
  const noise = sumOfGamma({ kappa: Array.from({ length: 64 }, (_, i) => 1 + i / 2) });
  const law = engine.tensor(Uint32Array.from({ length: rows }, (_, row) => 63 - row));
  const temperature = engine.tensor(Float32Array.from({ length: rows }, (_, row) => row / 4));
  const layer = imle(topK(5), { noise, stream: 903, samples: 3 });
  const got = await step(layer, theta, shape, dy, { call: 0, law, temperature });
  for (const row of [0, 3, 7]) {
    const kappa = 1 + (63 - row) / 2;
    const alone = imle(topK(5), { noise: sumOfGamma({ kappa }), stream: 903, samples: 3, temperature: row / 4 });
    const expected = await step(alone, theta, shape, dy, { call: 0 });
    assert.equal(got.z.slice(row * n, (row + 1) * n), expected.z.slice(row * n, (row + 1) * n));
  }
  assert.equal([...got.z.slice(0, n)], [...topKCpu(theta.subarray(0, n), 5)], "temperature 0 has no noise");
});

test("a temperature an instance scales its own noise, subtracted from costs, in either pass", async () => {
  const solver = bestWindow(3, "min");
  const values = [0, 0.5, 1, 2];
  const noise = givenNoise(engine.tensor(randomNumbers(random, 4 * 2 * n), [4, 2, n]));
  const own = theta.slice(0, 4 * n);
  const gradient = dy.slice(0, 4 * n);
  const layer = imle(solver, { noise, samples: 2, target: pid({ lambda: 2 }) });
  const temperature = engine.tensor(values);
  const targetTemperature = engine.tensor([...values].reverse());
  const got = await step(layer, own, [4, n], gradient, { temperature, targetTemperature });
  for (const [row, value] of values.entries()) {
    const expected = await step(layer, own, [4, n], gradient, { temperature: value, targetTemperature: values[3 - row]! });
    assert.equal(got.z.slice(row * n, (row + 1) * n), expected.z.slice(row * n, (row + 1) * n));
    assert.equal(got.gradient.slice(row * n, (row + 1) * n), expected.gradient.slice(row * n, (row + 1) * n));
  }
});

test("multiplied by noise, costs keep their signs in both passes, which solve θ ⊙ exp(τ·ε − τ²/2)", async () => {
  const solver = bestWindow(3, "min");
  const [samples, temperature, lambda] = [2, 0.5, 0.2];
  const costs = theta.map((x) => 0.5 + Math.abs(x));
  const noise = randomNumbers(random, rows * samples * n);
  const layer = imle(solver, {
    noise: givenNoise(engine.tensor(noise, [rows, samples, n])),
    ...{ samples, temperature, perturbation: "multiplicative", target: pid({ lambda }) },
  });
  const got = await step(layer, costs, shape, dy);
  const expected = { z: new Float64Array(rows * n), gradient: new Float64Array(rows * n) };
  for (let row = 0; row < rows * samples; row++) {
    const first = Math.floor(row / samples) * n;
    const pathOf = (base: (i: number) => number): Int32Array => {
      const factor = (i: number): number => Math.exp(temperature * noise[row * n + i]! - temperature ** 2 / 2);
      return bestWindowCpu(Float32Array.from({ length: n }, (_, i) => base(first + i) * factor(i)), 3, "min");
    };
    const [z, towards] = [pathOf((i) => costs[i]!), pathOf((i) => costs[i]! + lambda * dy[i]!)];
    z.forEach((one, i) => {
      expected.z[first + i]! += one / samples;
      expected.gradient[first + i]! += (towards[i]! - one) / samples;
    });
  }
  expectClose("z", got.z, expected.z);
  expectClose("gradient", got.gradient, expected.gradient);
  assert.ok(expected.gradient.some((x) => x !== 0));
  refused(() => imle(solver, { perturbation: "none" as never }), "value", /^imle: perturbation must be/);
});

test("means over samples are those of the counts, to the bit, and differences from other states theirs", async () => {
  const samples = 6;
  // All pairs in registers, with rows of whole blocks and others; a sorted list; a bisection.
  for (const [n, k] of [[20, 5], [7, 3], [70, 4], [68, 40]] as const) {
    for (const instances of [40, 3]) {
      await scoped(engine, async () => {
        const weights = engine.tensor(randomNumbers(random, instances * n), [instances, n]);
        const options = { noise: gumbel(), samples, place: engine.random.next(4) };
        const counts = perturbAndMap(topK(k), weights, { ...options, output: "counts" });
        const mean = perturbAndMap(topK(k), weights, options);
        assert.equal(await mean.read(), Float32Array.from(await counts.read(), (count) => fround(count / samples)));
        const sums = await counts.read();
        for (const states of [mean.mul(0.75), engine.uniform([instances, samples, n])]) {
          const scale = 0.3;
          const got = perturbAndMap(topK(k), weights, { ...options, differenceFrom: { states, scale } });
          const given = await states.read();
          const own = given.length / sums.length;
          const base = (i: number): number => {
            const first = Math.floor(i / n) * own * n + (i % n);
            return Array.from({ length: own }, (_, s) => given[first + s * n]!).reduce((a, b) => a + b) / own;
          };
          const expected = Array.from(sums, (count, i) => scale * (base(i) - count / samples));
          expectClose(`[${instances}, ${n}] k ${k}, states ${states.shape}`, await got.read(), expected);
        }
        const one = { place: options.place, noise: gumbel() };
        const single = await perturbAndMap(topK(k), weights, { ...one, output: "counts" }).read();
        const difference = perturbAndMap(topK(k), weights, { ...one, differenceFrom: { states: mean, scale: -1 } });
        const means = await mean.read();
        expectClose("one sample", await difference.read(), Array.from(single, (count, i) => count - means[i]!));
      });
    }
  }
});

test("with checkFinite, θ and ∂L/∂z that are not finite are reported at the next read, and count as 0", async () => {
  const broken = theta.slice();
  broken[3 * n + 2] = NaN;
  broken[5 * n] = -Infinity;
  const layer = imle(topK(5), { checkFinite: true, temperature: 0 });
  const z = layer(engine.tensor(broken, shape));
  await rejected(z.read(), "non-finite", /weights must be finite, got otherwise in instance 3/);
  broken[3 * n + 2] = 0;
  broken[5 * n] = 0;
  assert.equal(await z.read(), await layer(engine.tensor(broken, shape)).read(), "the report comes once");
  const leaf = engine.tensor(theta, shape, { requiresGrad: true });
  const brokenDy = dy.slice();
  brokenDy[6 * n + 1] = Infinity;
  layer(leaf).backward(engine.tensor(brokenDy, shape));
  await rejected(leaf.grad!.read(), "non-finite", /∂L\/∂z .* must be finite, got otherwise in instance 6/);
  brokenDy[6 * n + 1] = 0;
  const mended = engine.tensor(theta, shape, { requiresGrad: true });
  layer(mended).backward(engine.tensor(brokenDy, shape));
  assert.equal(await leaf.grad!.read(), await mended.grad!.read());
});

test("checkFinite changes nothing where all is finite, rows of any length", async () => {
  for (const length of [20, 21]) {
    const own = [7, length] as const;
    const values = randomNumbers(random, 7 * length);
    const gradient = randomNumbers(random, 7 * length);
    const options = { samples: 3, stream: 904 };
    const plain = await step(imle(topK(5), options), values, own, gradient, { call: 0 });
    const checked = await step(imle(topK(5), { ...options, checkFinite: true }), values, own, gradient, { call: 0 });
    assert.equal(checked, plain);
  }
});

test("what does not fit a call is refused", () => {
  const leaf: Tensor = engine.zeros([4, 6]);
  const several = sumOfGamma({ kappa: [2, 3] });
  const law = engine.zeros([4], { dtype: "u32" });
  const layer = imle(topK(2), { noise: several });
  refused(() => layer(leaf), "value", /a noise of 2 laws must come with the law of each instance/);
  refused(() => layer(leaf, {}, { law: engine.zeros([4]) }), "dtype", /law must be u32, got f32/);
  refused(() => layer(leaf, {}, { law: engine.zeros([3], { dtype: "u32" }) }), "shape", /law must be .* \[4\], got \[3\]/);
  refused(() => imle(topK(2))(leaf, {}, { law }), "value", /law must come with a noise of several laws/);
  refused(() => imle(topK(2))(leaf, {}, { temperature: engine.zeros([5]) }), "shape", /temperature must be/);
  refused(() => imle(topK(2))(leaf, {}, { temperature: -1 }), "value", /^imle: temperature must be a number from 0/);
  refused(() => imle(topK(2))(leaf, {}, { call: -1 }), "value", /^imle: call must be a whole number/);
  refused(() => imle(topK(2))(leaf, {}, { calls: 1 } as never), "value", /calls/);
  refused(() => imle(topK(2), { marginalSamples: 0 }), "value", /marginalSamples must be a whole number from 1/);
  refused(() => imle(topK(2), { samples: 4096, marginalSamples: 4096 })(leaf), "value", /2²⁴/);
  refused(() => sumOfGamma({ kappa: [] }), "value", /1 to 64 of them, got 0/);
  refused(() => sumOfGamma({ kappa: Array.from({ length: 65 }, (_, i) => i + 1) }), "value", /1 to 64 of them, got 65/);
  refused(() => sumOfGamma({ kappa: [2, 0.5] }), "value", /at least 1, got 0.5/);
  refused(() => sumOfGamma({ kappa: [2, 3], method: "direct" }), "value", /one number with method "direct"/);
  const draw = (laws?: Tensor): Tensor =>
    drawNoise(engine, several, [4, 1, 6], engine.random.next(0), laws && { law: laws });
  refused(() => draw(), "value", /a noise of 2 laws must come with the law of each instance/);
  refused(() => draw(engine.zeros([3], { dtype: "u32" })), "shape", /a number for each of 4 instances, got \[3\]/);
  const range = { samples: 3, sampleRange: { first: 3, of: 5 } };
  refused(() => perturbAndMap(topK(2), leaf, range), "value", /sampleRange must hold 3 samples/);
  const states = engine.zeros([4, 5]);
  refused(() => perturbAndMap(topK(2), leaf, { differenceFrom: { states, scale: 1 } }), "shape", /got \[4, 5\]/);
  const both = { differenceFrom: { states: leaf, scale: 1 }, output: "counts" } as const;
  refused(() => perturbAndMap(topK(2), leaf, both), "value", /output mean, got "counts"/);
  assert.is(laplace(), laplace());
});

test.run();
