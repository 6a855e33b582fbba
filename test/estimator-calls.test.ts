import {
  blackbox,
  drawNoise,
  Engine,
  fenchelYoung,
  givenNoise,
  gumbel,
  gumbelSoftmax,
  identity,
  imle,
  type LayerOptions,
  type Noise,
  normal,
  type PerturbedCallOptions,
  perturbAndMap,
  perturbedOptimiser,
  scoreFunction,
  simple,
  softSubset,
  straightThrough,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow } from "./solvers/best-window.js";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { rowOf } from "./support/estimators.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("estimators: what a call says anew, and what samples cost");

const [rows, n] = [5, 10];
const random = randomSource(120);
const theta = randomNumbers(random, rows * n, 0.2, 1);
const slopes = randomNumbers(random, rows * n);
const target = engine.tensor(Float32Array.from({ length: rows * n }, (_, i) => Number(i % n < 3)), [rows, n]);

type Call = (theta: Tensor, call?: PerturbedCallOptions) => Tensor;
type Options = LayerOptions & { noise: Noise };

/** Every estimator that perturbs, as a function of weights and of what a call says. */
const perturbing: Readonly<Record<string, (options: Options) => Call>> = {
  imle: (options) => ((layer) => (x, call) => layer(x, {}, call))(imle(topK(3), options)),
  straightThrough: (options) => ((layer) => (x, call) => layer(x, {}, call))(straightThrough(topK(3), options)),
  identity: (options) => ((layer) => (x, call) => layer(x, {}, call))(identity(topK(3), options)),
  blackbox: (options) => ((layer) => (x, call) => layer(x, {}, call))(blackbox(topK(3), { ...options, lambda: 3 })),
  "perturbedOptimiser, additive": (options) =>
    ((layer) => (x, call) => layer(x, {}, call))(perturbedOptimiser(bestWindow(3, "min"), options)),
  "perturbedOptimiser, multiplicative": (options) =>
    ((layer) => (x, call) => layer(x, {}, call))(
      perturbedOptimiser(topK(3), { ...options, perturbation: "multiplicative" }),
    ),
  softSubset: (options) => softSubset(3, options),
  gumbelSoftmax: (options) => gumbelSoftmax(options),
  "fenchelYoung, additive": (options) =>
    ((loss) => (x, call) => loss(x, target, {}, call))(fenchelYoung(bestWindow(3, "min"), options)),
  "fenchelYoung, multiplicative": (options) =>
    ((loss) => (x, call) => loss(x, target, {}, call))(
      fenchelYoung(topK(3), { ...options, perturbation: "multiplicative" }),
    ),
  scoreFunction: (options) =>
    ((loss) => (x, call) => loss(x, (z) => z.mul(engine.arange(n, { dtype: "f32" })).sum(-1).pow(2), {}, call))(
      scoreFunction(topK(3), options),
    ),
};

/** What a call gives, and its gradient, by rows. */
async function outcome(run: Call, call: PerturbedCallOptions): Promise<number[][]> {
  const leaf = engine.tensor(theta, [rows, n], { requiresGrad: true });
  const y = run(leaf, call);
  y.backward(engine.tensor(slopes.slice(0, y.size), y.shape));
  const [values, gradient] = [await y.read(), await leaf.grad!.read()];
  const size = values.length / rows;
  return Array.from({ length: rows }, (_, row) => [...rowOf(values, row, size), ...rowOf(gradient, row, n)]);
}

/** Laws whose scores are given, so that estimators which need one can be tried: their numbers do not matter here. */
const lawsOf = (kappa: number | readonly number[]): Noise => ({ ...sumOfGamma({ kappa }), score: "x" });

for (const [name, make] of Object.entries(perturbing)) {
  test(`${name}: a temperature and a law an instance give each row what it has with those alone`, async () => {
    const temperatures = [0.5, 1, 2, 0.25, 0.75];
    const kappas = [1, 4, 9];
    const laws = [2, 0, 1, 1, 2];
    const common = { samples: 3, stream: 441 };
    const several = make({ ...common, noise: lawsOf(kappas) });
    const law = engine.tensor(Uint32Array.from(laws));
    const temperature = engine.tensor(temperatures);
    const got = await outcome(several, { call: 2, temperature, law });
    for (let row = 0; row < rows; row++) {
      const alone = make({ ...common, noise: lawsOf(kappas[laws[row]!]!), temperature: temperatures[row]! });
      const expected = (await outcome(alone, { call: 2 }))[row]!;
      expectClose(`${name}, row ${row}`, got[row]!, expected, { relative: 1e-5, absolute: 1e-5 });
    }
    assert.ok(got.some((row) => row.slice(-n).some((x) => x !== 0)), "there is a gradient");
    const own = make({ ...common, noise: lawsOf(kappas), temperature });
    assert.equal(await outcome(own, { call: 2, law }), got, "the same as an option of the estimator");
  });

  test(`${name}: what does not fit a call is refused`, () => {
    const [several, single] = [make({ noise: lawsOf([1, 2]) }), make({ noise: lawsOf(2) })];
    const leaf = engine.tensor(theta, [rows, n]);
    refused(() => several(leaf), "value", /a noise of 2 laws must come with the law of each instance/);
    refused(() => single(leaf, { law: engine.zeros([rows], { dtype: "u32" }) }), "value", /a noise of several laws/);
    refused(() => single(leaf, { temperature: engine.zeros([rows + 1]) }), "shape", /a number for each instance/);
    refused(() => single(leaf, { temperature: -1 }), "value", /temperature must be a number/);
    refused(() => single(leaf, { temperatures: 2 } as never), "value", /options must be among/);
  });
}

test("noise of several laws is drawn by itself as the solver sees it, from any instance on", async () => {
  const noise = sumOfGamma({ kappa: [1, 6] });
  const law = engine.tensor([0, 1, 1, 0, 1], { dtype: "u32" });
  const place = engine.random.next(0);
  const whole = await drawNoise(engine, noise, [rows, 2, n], place, { law }).read();
  for (const [number, kappa] of [1, 6].entries()) {
    const alone = await drawNoise(engine, sumOfGamma({ kappa }), [rows, 2, n], place).read();
    [0, 1, 1, 0, 1].forEach((own, row) => {
      if (own === number) assert.equal(rowOf(whole, row, 2 * n), rowOf(alone, row, 2 * n));
    });
  }
  const last = await drawNoise(engine, noise, [2, 1, n], place, { law, first: { instance: 3, sample: 1 } }).read();
  assert.equal(rowOf(last, 0, n), rowOf(whole, 7, n));
  assert.equal(rowOf(last, 1, n), rowOf(whole, 9, n));
  const weights = engine.tensor(theta, [rows, n]);
  const drawn = givenNoise(engine.tensor(whole, [rows, 2, n]));
  const output = "samples";
  const seen = await perturbAndMap(topK(4), weights, { noise, law, place, samples: 2, output }).read();
  assert.equal(await perturbAndMap(topK(4), weights, { noise: drawn, samples: 2, output }).read(), seen);
});

/** Weights of which 128 samples' states are 4 MiB: what is kept at a time. */
const [many, long] = [16, 512];

/** The largest number of bytes that a step has held. */
async function peakBytes(make: (engine: Engine) => (theta: Tensor) => Tensor): Promise<number> {
  const own = await Engine.create();
  const weights = own.uniform([many, long], { requiresGrad: true });
  const layer = make(own);
  own.scope(() => layer(weights).sum().backward());
  await own.idle();
  const { peakBytes: peak } = own.memory();
  own.dispose();
  return peak;
}

for (const [name, make] of Object.entries({
  straightThrough: (samples: number) => () => straightThrough(topK(4), { samples }),
  perturbedOptimiser: (samples: number) => () => perturbedOptimiser(topK(4), { samples }),
  "perturbedOptimiser, multiplicative": (samples: number) => () =>
    perturbedOptimiser(topK(4), { samples, perturbation: "multiplicative" }),
  fenchelYoung: (samples: number) => (own: Engine) => {
    const loss = fenchelYoung(topK(4), { samples });
    return (x: Tensor) => loss(x, own.zeros([many, long]));
  },
  simple: (samples: number) => () => simple(4, { samples }),
})) {
  test(`${name}: memory does not grow with the number of samples`, async () => {
    const peaks = [await peakBytes(make(256)), await peakBytes(make(512))];
    assert.is(peaks[1], peaks[0]);
  });
}

test("samples that come in parts give the gradient that they give together", async () => {
  const samples = 140;
  const weights = randomNumbers(random, many * long, 0.2, 1);
  const dz = engine.tensor(randomNumbers(random, many * long), [many, long]);
  for (const [solver, noise] of [[topK(40), normal()], [bestWindow(40, "min"), gumbel()]] as const) {
    for (const perturbation of ["additive", "multiplicative"] as const) {
      const how = { samples, noise, perturbation, temperature: 0.5 } as const;
      const options = { ...how, stream: 442 };
      const gradientOf = async (output: "mean" | "samples", seed: Tensor): Promise<Float32Array> => {
        const leaf = engine.tensor(weights, [many, long], { requiresGrad: true });
        perturbedOptimiser(solver, { ...options, output })(leaf, {}, { call: 1 }).backward(seed);
        return leaf.grad!.read();
      };
      // Of each sample, which keeps all states, its share of the mean's gradient.
      const each = dz.div(samples).reshape([many, 1, long]).add(engine.zeros([many, samples, long]));
      const expected = await gradientOf("samples", each);
      expectClose(perturbation, await gradientOf("mean", dz), expected, { relative: 1e-4, absolute: 2e-4 });
      const leaf = engine.tensor(weights, [many, long], { requiresGrad: true });
      const y = engine.zeros([many, long]);
      const values = fenchelYoung(solver, options)(leaf, y, {}, { call: 1 });
      values.sum().backward();
      // Against the mean of the states: what the loss's gradient is of additive noise.
      if (perturbation === "multiplicative") continue;
      const place = engine.random.at(442, 1);
      const mean = await perturbAndMap(solver, leaf, { ...how, place }).read();
      const sign = solver.sense === "max" ? 1 : -1;
      expectClose("ŷ", await leaf.grad!.read(), mean.map((x) => sign * x), { absolute: 1e-6 });
    }
  }
});

test.run();
