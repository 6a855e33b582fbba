import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  batchNorm,
  BatchNorm1d,
  BatchNorm2d,
  layerNorm,
  LayerNorm,
  Linear,
  noGrad,
  relu,
  Sequential,
} from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";
import { batchNormTwin, channelsOf, layerNormTwin, tolerances, variance } from "./support/normalisation.js";
import { average, randomTwin } from "./support/twins.js";

const engines = { software: await testEngine({ as: "software" }), gpu: await testEngine({ as: "gpu" }) };
const engine = engines.software;

const layers = suite("layers of normalisation");

layers("BatchNorm1d and BatchNorm2d learn on batches, and use what they have seen after eval()", async () => {
  await scoped(engine, async () => {
    for (const [layer, shape] of [
      [new BatchNorm1d(engine, 3, { momentum: 0.5 }), [8, 3]],
      [new BatchNorm1d(engine, 3, { momentum: 0.5 }), [4, 3, 5]],
      [new BatchNorm2d(engine, 3, { momentum: 0.5 }), [4, 3, 2, 2]],
    ] as const) {
      assert.equal(Object.keys(layer.parameters), ["weight", "bias"]);
      const x = randomTwin(shape, { seed: 60, low: 1 });
      const tensor = engine.tensor(x.values, shape);
      expectClose("training", await layer.forward(tensor).read(), batchNormTwin(x).values, tolerances.tolerance);
      const n = x.values.length / 3;
      const means = channelsOf(x).map((numbers) => average(numbers) / 2);
      const variances = channelsOf(x).map((numbers) => 0.5 + ((0.5 * n) / (n - 1)) * variance(numbers));
      assert.is(layer.eval(), layer);
      const expected = batchNormTwin(x, undefined, undefined, { means, variances }).values;
      for (let i = 0; i < 2; i++) {
        expectClose("eval", await layer.forward(tensor).read(), expected, tolerances.tolerance);
      }
      layer.train();
      expectClose("training", await layer.forward(tensor).read(), batchNormTwin(x).values, tolerances.tolerance);
    }
  });
});

layers("without affine there is nothing to learn", async () => {
  await scoped(engine, async () => {
    const x = randomTwin([4, 6], { seed: 61 });
    const [batch, layer] = [new BatchNorm1d(engine, 6, { affine: false }), new LayerNorm(engine, 6, { affine: false })];
    assert.equal([batch.parameters, layer.parameters], [{}, {}]);
    const tensor = engine.tensor(x.values, x.shape);
    expectClose("batch", await batch.forward(tensor).read(), batchNormTwin(x).values, tolerances.tolerance);
    expectClose("layer", await layer.forward(tensor).read(), layerNormTwin(x).values, tolerances.tolerance);
  });
});

layers("parameters get gradients through a model, and training keeps its memory", async () => {
  const plain = await testEngine({ debug: false });
  const [batch, layer] = [new BatchNorm1d(plain, 6), new LayerNorm(plain, 6)];
  const model = new Sequential(new Linear(plain, 4, 6), batch, relu, layer);
  const x = plain.uniform([12, 4]);
  const dy = plain.uniform([12, 6]);
  const step = (): void => plain.scope(() => model.forward(x).backward(dy));
  step();
  step();
  const { liveBuffers, liveBytes } = plain.memory();
  for (let i = 0; i < 5; i++) step();
  assert.equal([plain.memory().liveBuffers, plain.memory().liveBytes], [liveBuffers, liveBytes]);
  for (const parameter of [batch.weight, batch.bias, layer.weight, layer.bias]) {
    assert.ok((await parameter!.grad!.read()).some((value) => value !== 0));
  }
});

layers("dispose frees parameters and running statistics", () => {
  const { liveBuffers } = engine.memory();
  const made = [new BatchNorm1d(engine, 3), new BatchNorm2d(engine, 3), new LayerNorm(engine, 3)];
  assert.is(engine.memory().liveBuffers - liveBuffers, 10);
  for (const layer of made) layer.dispose();
  assert.is(engine.memory().liveBuffers, liveBuffers);
});

const refusals = suite("normalisation refuses");
const wrong = (value: unknown): never => value as never;

refusals("batchNorm: wrong ranks, vectors, statistics, options and dtypes", async () => {
  const other = await testEngine();
  engine.scope(() => {
    const x = engine.ones([4, 3, 2]);
    const [three, mean, deviation] = [engine.ones([3]), engine.zeros([3]), engine.ones([3])];
    const [four, column, whole] = [engine.ones([4]), engine.ones([3, 1]), engine.arange(3)];
    const learned = engine.zeros([3], { requiresGrad: true });
    const [one, foreign, flat, lone] = [engine.ones([1, 3]), other.ones([3]), engine.ones([3]), engine.ones([1, 3, 1])];
    const deep = engine.ones([1, 1, 1, 1, 1]);
    const twoViews = mean.alias();
    const gone = engine.ones([3]);
    gone.dispose();
    const counts = [engine.stats().dispatches, engine.memory().liveBuffers];
    const training = true;
    refused(() => batchNorm(wrong(1), { training }), "value", /^batchNorm: x must be a tensor/);
    refused(() => batchNorm(whole.reshape([1, 3]), { training }), "dtype", /^batchNorm: x must be f32/);
    refused(() => batchNorm(flat, { training }), "shape", /^batchNorm: x must have 2 to 4 axes.*\[3\]/);
    refused(() => batchNorm(deep, { training }), "shape", /^batchNorm: x must have 2 to 4 axes/);
    refused(() => batchNorm(x, wrong(undefined)), "value", /^batchNorm: options/);
    refused(() => batchNorm(x, wrong({})), "value", /^batchNorm: training must be true or false, got undefined/);
    refused(() => batchNorm(x, wrong({ training, eps: 1 })), "value", /^batchNorm: options .*got eps/);
    for (const name of ["weight", "bias", "runningMean", "runningVariance"]) {
      const pair = { runningMean: mean, runningVariance: deviation, training };
      const says = (text: string): RegExp => new RegExp(`^batchNorm: ${text}`);
      refused(() => batchNorm(x, { ...pair, [name]: four }), "shape", says(`${name} must have .*\\[3\\], got \\[4\\]`));
      refused(() => batchNorm(x, { ...pair, [name]: column }), "shape", says(`${name} must have .*got \\[3, 1\\]`));
      refused(() => batchNorm(x, { ...pair, [name]: whole }), "dtype", says(`${name} must be f32`));
      refused(() => batchNorm(x, { ...pair, [name]: wrong(1) }), "value", says(`${name} must be a tensor`));
      refused(() => batchNorm(x, { ...pair, [name]: foreign }), "engine", says("all tensors must be of one engine"));
      refused(() => batchNorm(x, { ...pair, [name]: gone }), "disposed", says("a tensor must be alive"));
    }
    for (const momentum of [-0.1, 1.1, NaN, "0.1", null]) {
      refused(() => batchNorm(x, { training, momentum: wrong(momentum) }), "value", /^batchNorm: momentum must be/);
    }
    for (const value of [0, -1, NaN, Infinity, null]) {
      refused(() => batchNorm(x, { training, epsilon: wrong(value) }), "value", /^batchNorm: epsilon must be/);
      refused(() => layerNorm(x, { epsilon: wrong(value) }), "value", /^layerNorm: epsilon must be/);
    }
    refused(() => batchNorm(x, { training: false }), "value", /^batchNorm: runningMean .*unless training, got none/);
    refused(() => batchNorm(x, { training, runningMean: mean }), "value", /or neither, got the first/);
    refused(() => batchNorm(x, { training: false, runningVariance: mean }), "value", /got the second/);
    refused(() => batchNorm(one, { training }), "shape", /^batchNorm: a channel must have at least 2 numbers/);
    refused(() => batchNorm(lone, { training }), "shape", /^batchNorm: a channel must have at least 2 numbers/);
    const shared = { runningMean: mean, runningVariance: twoViews };
    refused(() => batchNorm(x, { training, ...shared }), "buffer", /runningMean, .*got that of runningVariance/);
    const same = { weight: three, runningMean: mean, runningVariance: three };
    refused(() => batchNorm(x, { training, ...same }), "buffer", /runningVariance, .*got that of weight/);
    const graded = { runningMean: learned, runningVariance: deviation };
    refused(() => batchNorm(x, { training, ...graded }), "value", /runningMean must not require a gradient/);
    assert.equal([engine.stats().dispatches, engine.memory().liveBuffers], counts, "nothing is left behind");
  });
});

refusals("layerNorm and the layers: wrong shapes, lengths, options and dtypes", async () => {
  const other = await testEngine();
  engine.scope(() => {
    const x = engine.ones([4, 3]);
    const [four, whole, scalar, foreign] = [engine.ones([4]), engine.arange(3), engine.ones([]), other.ones([3])];
    const image = engine.ones([2, 3, 2, 2]);
    const { dispatches } = engine.stats();
    refused(() => layerNorm(wrong(1)), "value", /^layerNorm: x must be a tensor/);
    refused(() => layerNorm(whole), "dtype", /^layerNorm: x must be f32/);
    refused(() => layerNorm(scalar), "shape", /^layerNorm: x must have an axis/);
    refused(() => layerNorm(x, wrong({ eps: 1 })), "value", /^layerNorm: options .*got eps/);
    for (const name of ["weight", "bias"]) {
      refused(() => layerNorm(x, { [name]: four }), "shape", /^layerNorm: .*\[3\], got \[4\]/);
      refused(() => layerNorm(x, { [name]: whole }), "dtype", /^layerNorm: .* must be f32/);
      refused(() => layerNorm(x, { [name]: foreign }), "engine", /^layerNorm: all tensors/);
    }
    for (const count of [0, 1.5, "3", undefined]) {
      refused(() => new BatchNorm1d(engine, wrong(count)), "value", /^BatchNorm1d: channels must be/);
      refused(() => new BatchNorm2d(engine, wrong(count)), "value", /^BatchNorm2d: channels must be/);
      refused(() => new LayerNorm(engine, wrong(count)), "value", /^LayerNorm: length must be/);
    }
    refused(() => new BatchNorm1d(engine, 3, { momentum: 2 }), "value", /^BatchNorm1d: momentum must be/);
    refused(() => new BatchNorm2d(engine, 3, { epsilon: 0 }), "value", /^BatchNorm2d: epsilon must be/);
    refused(() => new LayerNorm(engine, 3, wrong({ momentum: 1 })), "value", /^LayerNorm: options .*got momentum/);
    assert.is(engine.stats().dispatches, dispatches, "nothing is recorded by what is refused");
    refused(() => new BatchNorm1d(engine, 3).forward(image), "shape", /^BatchNorm1d: x must be .*\[2, 3, 2, 2\]/);
    refused(() => new BatchNorm2d(engine, 3).forward(x), "shape", /^BatchNorm2d: x must be \[batch, channels, height/);
    refused(() => new BatchNorm2d(engine, 2).forward(image), "shape", /^BatchNorm2d: x must be .*with 2 channels/);
    refused(() => noGrad(() => new LayerNorm(engine, 4).forward(x)), "shape", /^LayerNorm: the last axis .*4 elements/);
  });
});

layers.run();
refusals.run();
