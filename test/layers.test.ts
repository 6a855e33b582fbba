import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  Adam,
  BatchNorm1d,
  Conv1d,
  conv1d,
  Conv2d,
  crossEntropy,
  Embedding,
  flattenParameters,
  kaimingNormal,
  kaimingUniform,
  Linear,
  relu,
  Sequential,
  SGD,
  squaredError,
  Tensor,
  xavierNormal,
  xavierUniform,
} from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { sizeOf } from "./support/index-map.js";
import { randomNumbers, randomSource, randomWhole } from "./support/random.js";

const engine = await testEngine();

async function agree(tensor: Tensor, expected: ArrayLike<number>, tolerance = 1e-5): Promise<void> {
  const found = await tensor.read();
  assert.is(found.length, expected.length);
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < tolerance, `${i}: ${value}, ${expected[i]}`));
}

type Numbers = ArrayLike<number>;

/** y = x·Wᵀ + b in float64. */
function linearTwin(x: Numbers, weight: Numbers, bias: Numbers, inputs: number): number[] {
  const outputs = bias.length;
  return Array.from({ length: (x.length / inputs) * outputs }, (_, place) => {
    const [row, output] = [Math.floor(place / outputs), place % outputs];
    let sum = bias[output]!;
    for (let i = 0; i < inputs; i++) sum += x[row * inputs + i]! * weight[output * inputs + i]!;
    return sum;
  });
}

const layers = suite("layers");

for (const shape of [[4, 5], [5], [2, 3, 5], [0, 5]]) {
  layers(`Linear maps the last axis of ${JSON.stringify(shape)} as its float64 twin does`, async () => {
    const layer = new Linear(engine, 5, 3);
    const data = randomNumbers(randomSource(1), sizeOf(shape));
    const y = layer.forward(engine.tensor(data, shape));
    assert.equal(y.shape, [...shape.slice(0, -1), 3]);
    await agree(y, linearTwin(data, await layer.weight.read(), await layer.bias!.read(), 5));
  });
}

layers("Linear passes its gradients back as its float64 twin does", async () => {
  const random = randomSource(2);
  const layer = new Linear(engine, 4, 3);
  const data = randomNumbers(random, 20);
  const weights = randomNumbers(random, 15);
  const x = engine.tensor(data, [5, 4], { requiresGrad: true });
  layer.forward(x).backward(engine.tensor(weights, [5, 3]));
  const weight = await layer.weight.read();
  const dWeight = Array.from({ length: 12 }, (_, place) => {
    let sum = 0;
    for (let row = 0; row < 5; row++) sum += weights[row * 3 + Math.floor(place / 4)]! * data[row * 4 + (place % 4)]!;
    return sum;
  });
  const dBias = [0, 1, 2].map((o) => [0, 1, 2, 3, 4].reduce((sum, row) => sum + weights[row * 3 + o]!, 0));
  const dx = Array.from({ length: 20 }, (_, place) =>
    [0, 1, 2].reduce((sum, o) => sum + weights[Math.floor(place / 4) * 3 + o]! * weight[o * 4 + (place % 4)]!, 0),
  );
  await agree(layer.weight.grad!, dWeight);
  await agree(layer.bias!.grad!, dBias);
  await agree(x.grad!, dx);
});

layers("Linear without a bias has a weight alone", async () => {
  const layer = new Linear(engine, 2, 2, { bias: false });
  assert.is(layer.bias, null);
  assert.equal(Object.keys(layer.parameters), ["weight"]);
  const x = [1, 2];
  await agree(layer.forward(engine.tensor([x])), linearTwin(x, await layer.weight.read(), [0, 0], 2));
});

layers("Conv2d applies its windows with stride, padding and bias as plain loops do", async () => {
  const layer = new Conv2d(engine, 2, 3, [3, 2], { stride: 2, padding: 1 });
  const [height, width] = [5, 6];
  const data = randomNumbers(randomSource(3), 2 * height * width);
  const y = layer.forward(engine.tensor(data, [1, 2, height, width]));
  assert.equal(y.shape, [1, 3, 3, 4]);
  const [weight, bias] = [await layer.weight.read(), await layer.bias!.read()];
  const expected: number[] = [];
  for (let o = 0; o < 3; o++) {
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 4; column++) {
        let sum = bias[o]!;
        for (let i = 0; i < 2; i++) {
          for (let a = 0; a < 3; a++) {
            for (let b = 0; b < 2; b++) {
              const [h, w] = [2 * row + a - 1, 2 * column + b - 1];
              if (h < 0 || h >= height || w < 0 || w >= width) continue;
              sum += data[(i * height + h) * width + w]! * weight[((o * 2 + i) * 3 + a) * 2 + b]!;
            }
          }
        }
        expected.push(sum);
      }
    }
  }
  await agree(y, expected);
});

layers("Conv1d convolves sequences with the options of conv1d, in groups too", async () => {
  const layer = new Conv1d(engine, 4, 6, 3, { stride: 2, padding: 1, dilation: 2, groups: 2 });
  assert.equal(layer.weight.shape, [6, 2, 3]);
  const x = engine.normal([2, 4, 11]);
  const options = { stride: 2, padding: 1, dilation: 2, groups: 2, bias: layer.bias! };
  await agree(layer.forward(x), await conv1d(x, layer.weight, options).read(), 1e-12);
  const largest = Math.max(...(await layer.weight.read()).map(Math.abs));
  assert.ok(largest <= 1 / Math.sqrt(6) && largest > 0.3, `${largest}`);
  assert.is(new Conv1d(engine, 1, 1, 2, { bias: false }).bias, null);
});

layers("Embedding gives each index its vector, and adds gradients up over equal ones", async () => {
  const layer = new Embedding(engine, 5, 3);
  const weight = await layer.weight.read();
  const chosen = [4, 0, 4, 2];
  const y = layer.forward(engine.tensor(chosen, [2, 2], { dtype: "i32" }));
  assert.equal(y.shape, [2, 2, 3]);
  await agree(y, chosen.flatMap((index) => [...weight.slice(3 * index, 3 * index + 3)]), 1e-12);
  y.sum().backward();
  await agree(layer.weight.grad!, [1, 0, 1, 0, 2].flatMap((count) => [count, count, count]));
});

layers("buffers are named beside parameters, through Sequential too, and dispose frees all", () => {
  const before = engine.memory().liveBuffers;
  const model = new Sequential(new Linear(engine, 2, 3), relu, new Sequential(new BatchNorm1d(engine, 3)));
  assert.equal(flattenParameters(model.buffers).map(([name]) => name), ["2.0.runningMean", "2.0.runningVariance"]);
  const names = ["0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.0.runningMean", "2.0.runningVariance"];
  assert.equal(Object.keys(model.state), names);
  assert.equal(new Linear(engine, 1, 1).buffers, {});
  model.dispose();
  assert.ok(engine.memory().liveBuffers <= before + 2);
});

layers("Sequential runs layers and functions in order, and names parameters by place", async () => {
  const [first, second] = [new Linear(engine, 3, 4), new Linear(engine, 4, 2)];
  const model = new Sequential(first, relu, (x) => x.mul(2), new Sequential(second));
  const names = flattenParameters(model.parameters).map(([name]) => name);
  assert.equal(names, ["0.weight", "0.bias", "3.0.weight", "3.0.bias"]);
  const x = [0.3, -1, 2];
  const hidden = linearTwin(x, await first.weight.read(), await first.bias!.read(), 3).map((h) => 2 * Math.max(h, 0));
  const expected = linearTwin(hidden, await second.weight.read(), await second.bias!.read(), 4);
  await agree(model.forward(engine.tensor([x])), expected);
});

layers("train() and eval() reach every layer that knows them, also functions, and return the model", () => {
  const told: string[] = [];
  const known = Object.assign((x: Tensor) => x, { train: () => told.push("train"), eval: () => told.push("eval") });
  const model = new Sequential(relu, new Sequential(known));
  assert.is(model.eval(), model);
  assert.is(model.train(), model);
  assert.equal(told, ["eval", "train"]);
});

layers("parameters outlive the scope they were made in, and dispose gives them back", async () => {
  const { liveBuffers } = engine.memory();
  const layer = engine.scope(() => ({ made: new Linear(engine, 2, 2) })).made;
  assert.is((await layer.weight.read()).length, 4);
  layer.dispose();
  assert.is(engine.memory().liveBuffers, liveBuffers);
});

const initial = suite("initial parameters");

initial("the same seed gives the same layers, another one others", async () => {
  const draw = async (seed: number): Promise<number[]> => {
    engine.seed(seed);
    const layer = new Linear(engine, 10, 10);
    return [...(await layer.weight.read()), ...(await layer.bias!.read())];
  };
  const first = await draw(5);
  assert.equal(await draw(5), first);
  assert.is.not((await draw(6))[0], first[0]);
});

// n draws: the mean is within 5 deviations of 0, the variance within 5 deviations of its own.
const laws: [name: string, make: () => Tensor, variance: number, bound: number, fourthMoment: number][] = [
  ["Linear's weights", () => new Linear(engine, 100, 80).weight, 1 / 300, 1 / 10, 1.8],
  ["Linear's bias", () => new Linear(engine, 16, 4000).bias!, 1 / 48, 1 / 4, 1.8],
  ["Conv2d's weights", () => new Conv2d(engine, 8, 64, 5).weight, 1 / 600, Math.sqrt(1 / 200), 1.8],
  ["kaimingUniform", () => kaimingUniform(engine, [80, 100], { negativeSlope: 0 }), 0.02, Math.sqrt(0.06), 1.8],
  ["kaimingNormal", () => kaimingNormal(engine, [80, 100]), 0.02, Infinity, 3],
  ["xavierUniform", () => xavierUniform(engine, [40, 20, 3, 3], { gain: 2 }), 8 / 540, 2 * Math.sqrt(6 / 540), 1.8],
  ["xavierNormal", () => xavierNormal(engine, [80, 120]), 0.01, Infinity, 3],
];
for (const [name, make, variance, bound, fourthMoment] of laws) {
  initial(`${name}: mean, variance and bound are those of the law`, async () => {
    engine.seed(9);
    const parameter = make();
    assert.ok(parameter.requiresGrad);
    const draws = await parameter.read();
    const n = draws.length;
    const mean = draws.reduce((sum, x) => sum + x, 0) / n;
    const square = draws.reduce((sum, x) => sum + x * x, 0) / n;
    assert.ok(Math.abs(mean) < 5 * Math.sqrt(variance / n), `mean ${mean}`);
    assert.ok(Math.abs(square / variance - 1) < 5 * Math.sqrt((fourthMoment - 1) / n), `variance ${square}`);
    const largest = draws.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert.ok(largest <= bound * (1 + 1e-6) && (bound === Infinity || largest > 0.98 * bound), `largest ${largest}`);
  });
}

const training = suite("training");

const optimisers = {
  SGD: (model: Sequential) => new SGD({ parameters: model.parameters, learningRate: 0.05, momentum: 0.9 }),
  Adam: (model: Sequential) => new Adam({ parameters: model.parameters, learningRate: 0.01 }),
};

for (const [name, make] of Object.entries(optimisers)) {
  training(`300 steps of ${name} learn three classes, hold no more memory than ten, and read nothing`, async () => {
    const engine = await testEngine({ debug: false });
    engine.seed(4);
    const random = randomSource(21);
    const model = new Sequential(new Linear(engine, 2, 16), relu, new Linear(engine, 16, 3));
    const optimiser = make(model);
    const batch = 24;
    const points = randomNumbers(random, 2 * batch);
    const classes = Int32Array.from({ length: batch }, (_, i) => {
      const [a, b] = [points[2 * i]!, points[2 * i + 1]!];
      return a > 0.2 ? 0 : b > 0 ? 1 : 2;
    });
    const [x, y] = [engine.tensor(points, [batch, 2]), engine.tensor(classes)];
    const loss = (): Tensor => crossEntropy(model.forward(x), y);
    const before = await engine.scope(loss).item();
    const { readbacks } = engine.stats();
    let settled = engine.memory();
    for (let step = 1; step <= 300; step++) {
      engine.scope(() => {
        optimiser.zeroGrad();
        loss().backward();
        optimiser.step();
      });
      if (step === 10) settled = engine.memory();
    }
    assert.equal(engine.memory(), settled);
    assert.is(engine.stats().readbacks, readbacks);
    const after = await engine.scope(loss).item();
    assert.ok(before > 0.8 && after < 0.1, `${before} → ${after}`);
    optimiser.dispose();
    model.dispose();
  });
}

training("gradients of a small network agree with central differences on the device", async () => {
  engine.seed(12);
  const random = randomSource(31);
  const model = new Sequential(new Linear(engine, 3, 5), (x) => x.mul(x), new Linear(engine, 5, 2));
  const [x, y] = [engine.tensor(randomNumbers(random, 12), [4, 3]), engine.tensor(randomNumbers(random, 8), [4, 2])];
  const loss = (): Tensor => squaredError(model.forward(x), y);
  engine.scope(() => loss().backward());
  for (const [name, parameter] of flattenParameters(model.parameters)) {
    const values = await parameter.read();
    const gradient = await parameter.grad!.read();
    const place = randomWhole(random, 0, values.length - 1);
    const moved: number[] = [];
    for (const step of [0.01, -0.01]) {
      parameter.write(Float32Array.from(values, (value, i) => value + (i === place ? step : 0)));
      moved.push(await engine.scope(loss).item());
    }
    parameter.write(Float32Array.from(values));
    const difference = (moved[0]! - moved[1]!) / 0.02;
    assert.ok(Math.abs(difference - gradient[place]!) < 2e-3, `${name} at ${place}: ${gradient[place]}, ${difference}`);
  }
});

const refusals = suite("layers: bad input");

const linear = new Linear(engine, 3, 2);
const loop: Record<string, never> = {};
loop["loop"] = loop as never;

const bad: [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["another length", () => linear.forward(engine.ones([2, 4])), "shape", /Linear: .*3 .*got shape \[2, 4\]/],
  ["a scalar", () => linear.forward(engine.ones([])), "shape", /Linear: .*got shape \[\]/],
  ["whole numbers", () => linear.forward(engine.zeros([1, 3], { dtype: "i32" })), "dtype", /Linear: x .*got i32/],
  ["no tensor", () => linear.forward([1, 2, 3] as never), "value", /Linear: x must be a tensor/],
  ["no outputs", () => new Linear(engine, 3, 0), "value", /Linear: outputs .*got 0/],
  ["half an input", () => new Linear(engine, 2.5, 1), "value", /Linear: inputs .*got 2.5/],
  ["a misspelt option", () => new Linear(engine, 2, 1, { biass: false } as never), "value", /Linear: .*got biass/],
  ["a window of 0", () => new Conv2d(engine, 1, 1, 0), "value", /Conv2d: the window's height .*got 0/],
  ["groups that do not divide", () => new Conv1d(engine, 3, 4, 1, { groups: 2 }), "value", /Conv1d: groups .*got 2/],
  ["three lengths of a window", () => new Conv2d(engine, 1, 1, [1, 2, 3] as never), "value", /Conv2d: the window/],
  ["no entries", () => new Embedding(engine, 0, 2), "value", /Embedding: entries .*got 0/],
  ["something that is no layer", () => new Sequential(linear, {} as never), "value", /Sequential: .*at 1/],
  ["weights without inputs", () => xavierUniform(engine, [3]), "shape", /xavierUniform: .*got \[3\]/],
  ["a tree that holds itself", () => flattenParameters(loop), "value", /nested at most 64 deep/],
  ["a tree with a number in it", () => flattenParameters({ a: [1 as never] }), "value", /got 1 at "a.0"/],
];
for (const [name, run, code, message] of bad) refusals(`${name}: refused`, () => refused(run, code, message));

layers.run();
initial.run();
training.run();
refusals.run();
