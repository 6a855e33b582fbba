import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  batchNorm,
  BatchNorm1d,
  BatchNorm2d,
  type Engine,
  layerNorm,
  LayerNorm,
  Linear,
  noGrad,
  relu,
  Sequential,
  type Tensor,
} from "webgpu-imle";
import { hasGpu, scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn, type OperationCase } from "./support/gradients.js";
import { average, mapTwin, randomTwin, rowsTwin, sizeOf, total, type Twin } from "./support/twins.js";

const engines = { software: await testEngine({ as: "software" }), gpu: await testEngine({ as: "gpu" }) };
const engine = engines.software;
const epsilon = 1e-5;

const variance = (numbers: readonly number[]): number => {
  const mean = average(numbers);
  return average(numbers.map((number) => (number - mean) ** 2));
};

/** The numbers of each channel, axis 1. */
function channelsOf({ shape, values }: Twin): number[][] {
  const inner = sizeOf(shape.slice(2));
  const found = Array.from({ length: shape[1]! }, (): number[] => []);
  values.forEach((value, i) => found[Math.floor(i / inner) % shape[1]!]!.push(value));
  return found;
}

interface TwinStatistics {
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

/** Batch normalisation in float64, with the statistics given, or else the batch's own. */
function batchNormTwin(x: Twin, weight?: Twin, bias?: Twin, statistics?: TwinStatistics): Twin {
  const inner = sizeOf(x.shape.slice(2));
  const means = statistics?.means ?? channelsOf(x).map(average);
  const variances = statistics?.variances ?? channelsOf(x).map(variance);
  const values = x.values.map((value, i) => {
    const c = Math.floor(i / inner) % x.shape[1]!;
    const normalised = (value - means[c]!) / Math.sqrt(variances[c]! + epsilon);
    return normalised * (weight?.values[c] ?? 1) + (bias?.values[c] ?? 0);
  });
  return { shape: x.shape, values };
}

function layerNormTwin(x: Twin, weight?: Twin, bias?: Twin): Twin {
  const normalised = rowsTwin(
    (row) => {
      const [mean, deviation] = [average(row), Math.sqrt(variance(row) + epsilon)];
      return row.map((value) => (value - mean) / deviation);
    },
    x,
    -1,
  );
  const scaled = weight ? mapTwin((y, w) => y * w, normalised, weight) : normalised;
  return bias ? mapTwin((y, b) => y + b, scaled, bias) : scaled;
}

type Affine = "both" | "weight" | "bias" | "none";

/** x, weight and bias for a vector of `length`, as the operation's case takes them. */
function inputsFor(shape: readonly number[], length: number, affine: Affine): Twin[] {
  const x = randomTwin(shape, { seed: 3 });
  const weight = affine === "both" || affine === "weight" ? [randomTwin([length], { seed: 4, low: 0.5 })] : [];
  const bias = affine === "both" || affine === "bias" ? [randomTwin([length], { seed: 5 })] : [];
  return [x, ...weight, ...bias];
}

/** Given what follows x, which is the weight and which the bias. */
const named = <T>(affine: Affine, rest: readonly T[]): { weight?: T; bias?: T } => {
  if (affine === "none") return {};
  if (affine === "bias") return { bias: rest[0]! };
  return affine === "weight" ? { weight: rest[0]! } : { weight: rest[0]!, bias: rest[1]! };
};

const tolerances = {
  tolerance: { relative: 1e-5, absolute: 1e-5 },
  gradientTolerance: { relative: 5e-4, absolute: 2e-4 },
};

function batchCase(shape: readonly number[], affine: Affine = "both"): OperationCase {
  return {
    name: `batchNorm of [${shape}], ${affine}`,
    inputs: inputsFor(shape, shape[1]!, affine),
    run: (x, ...rest) => batchNorm(x!, { ...named(affine, rest), training: true }),
    twin: (x, ...rest) => {
      const { weight, bias } = named(affine, rest);
      return batchNormTwin(x!, weight, bias);
    },
    ...tolerances,
  };
}

function layerCase(shape: readonly number[], affine: Affine = "both"): OperationCase {
  return {
    name: `layerNorm of [${shape}], ${affine}`,
    inputs: inputsFor(shape, shape.at(-1)!, affine),
    run: (x, ...rest) => layerNorm(x!, named(affine, rest)),
    twin: (x, ...rest) => {
      const { weight, bias } = named(affine, rest);
      return layerNormTwin(x!, weight, bias);
    },
    ...tolerances,
  };
}

/** Compares ⟨∂L/∂input, v⟩ with a central difference of the twin along v, for large inputs: two random v each. */
async function expectSlopes(one: Engine, operation: OperationCase): Promise<void> {
  const { name, inputs, run, twin } = operation;
  await scoped(one, async () => {
    const tensors = inputs.map(({ values, shape }) => one.tensor(values, shape, { requiresGrad: true }));
    const y = run(...tensors);
    const weights = randomTwin(y.shape, { seed: 78 });
    y.backward(one.tensor(weights.values, weights.shape));
    const gradients = await Promise.all(tensors.map(({ grad }) => grad!.read()));
    const product = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      total(Array.from(a, (value, i) => value * b[i]!));
    const loss = (...moved: Twin[]): number => product(twin(...moved).values, weights.values);
    for (const [place, input] of inputs.entries()) {
      for (const seed of [1, 2]) {
        // Sparse ones tell elements apart, dense ones see them all.
        const random = randomTwin(input.shape, { seed: 90 + seed }).values;
        const along = random.map((value, i) => (seed === 1 || i % 97 === 13 % input.values.length ? value : 0));
        const moved = (by: number): Twin => ({ ...input, values: input.values.map((v, i) => v + by * along[i]!) });
        const [ahead, behind] = [1e-4, -1e-4].map((by) => loss(...inputs.map((x, p) => (p === place ? moved(by) : x))));
        const gradient = gradients[place]!;
        const slope = product(along, gradient);
        const size = Math.sqrt(product(along, along) * product(gradient, gradient));
        const expected = (ahead! - behind!) / 2e-4;
        assert.ok(
          Math.abs(slope - expected) <= 2e-5 * size + 1e-6,
          `${name}: slope ${slope} of input ${place}, expected ${expected} (${size})`,
        );
      }
    }
  });
}

const affines = ["both", "weight", "bias", "none"] as const;
// Every way of taking elements together: four of a channel, four channels, one by one; a lone channel, a lone image.
const smallVectors = [[2, 1], [4, 3], [5, 4], [3, 8, 1, 1]];
const smallBatches = [...smallVectors, [2, 3, 5], [3, 2, 4], [2, 3, 2, 3], [2, 3, 2, 2], [1, 2, 3, 3]];
const largeBatches = [[64, 7, 9, 9], [33, 5, 8, 6], [700, 12], [501, 3], [2, 1, 150, 120], [9, 40, 7]];
const smallRows = [[1], [4], [3, 4], [3, 5], [2, 3, 8], [1, 1, 2, 1, 2, 3]];
const largeRows = [[70, 132], [70, 133], [9, 2000], [2, 20_000], [2, 20_001], [300, 5]];

const batches = suite("batch normalisation");
const rows = suite("layer normalisation");

for (const [kind, one] of Object.entries(engines) as [string, Engine][]) {
  const here = `(kernels for a ${kind} adapter)`;
  batches(`while training it is its float64 twin ${here}`, async () => {
    await inTurn([...smallBatches, ...largeBatches], (shape) => expectValue(one, batchCase(shape)));
    await inTurn(affines, (affine) => expectValue(one, batchCase([3, 4, 5], affine)));
  });
  batches(`while training it has the gradients of its twin ${here}`, async () => {
    await inTurn(smallBatches.slice(1), (shape) => expectGradients(one, batchCase(shape)));
    await inTurn(affines, (affine) => expectGradients(one, batchCase([3, 2, 4], affine)));
    for (const shape of largeBatches) await expectSlopes(one, batchCase(shape));
  });
  rows(`it is its float64 twin ${here}`, async () => {
    await inTurn([...smallRows, ...largeRows], (shape) => expectValue(one, layerCase(shape)));
    await inTurn(affines, (affine) => expectValue(one, layerCase([3, 40, 5], affine)));
    await inTurn(affines, (affine) => expectValue(one, layerCase([2, 16_400], affine)));
  });
  rows(`it has the gradients of its twin ${here}`, async () => {
    await inTurn(smallRows.slice(1), (shape) => expectGradients(one, layerCase(shape)));
    await inTurn(affines, (affine) => expectGradients(one, layerCase([3, 6], affine)));
    await inTurn(affines, (affine) => expectGradients(one, layerCase([2, 36], affine)));
    for (const shape of largeRows) await expectSlopes(one, layerCase(shape));
  });
  batches(`means far from 0, and a first element far from the others, do not spoil the variance ${here}`, async () => {
    for (const shape of [[40, 3], [40, 4], [6, 2, 8, 8]]) {
      for (const outlier of [null, 0]) {
        const noise = randomTwin(shape, { seed: 12 });
        const values = noise.values.map((value) => Math.fround(1e4 + value));
        if (outlier !== null) values[0] = outlier;
        const x = { shape, values };
        await scoped(one, async () => {
          const y = await batchNorm(one.tensor(values, shape), { training: true }).read();
          // An f32 near 10,000 is given to 5e-4, which is here as much of a deviation.
          expectClose(`[${shape}]`, y, batchNormTwin(x).values, { relative: 1e-4, absolute: 1e-3 });
          const along = await layerNorm(one.tensor(values, shape)).read();
          expectClose(`rows of [${shape}]`, along, layerNormTwin(x).values, { relative: 1e-4, absolute: 1e-4 });
        });
      }
    }
  });
}

batches("equal numbers become the bias exactly, also far from 0", async () => {
  await scoped(engine, async () => {
    for (const one of Object.values(engines)) {
      const bias = one.tensor([0.5, -2, 3]);
      for (const value of [12_345.678, 0.1]) {
        const y = await batchNorm(one.full([7, 3], value), { bias, training: true }).read();
        assert.equal([...y], Array.from({ length: 21 }, (_, i) => [0.5, -2, 3][i % 3]!));
        assert.equal([...(await layerNorm(one.full([2, 3], value), { bias }).read())], [0.5, -2, 3, 0.5, -2, 3]);
        assert.equal(new Set(await layerNorm(one.full([3, 132], value)).read()).size, 1);
      }
    }
  });
});

batches("running statistics take up their share of each batch's mean and unbiased variance", async () => {
  for (const one of Object.values(engines)) {
    for (const [shape, momentum] of [[[6, 3], 0.1], [[2, 4, 5], 0.5], [[3, 2, 4, 4], 1], [[3, 2, 2, 2], 0]] as const) {
      await scoped(one, async () => {
        const channels = shape[1]!;
        let [means, variances] = [[...randomTwin([channels]).values], new Array<number>(channels).fill(1)];
        const [runningMean, runningVariance] = [one.tensor(means), one.tensor(variances)];
        for (let step = 0; step < 3; step++) {
          const x = randomTwin(shape, { seed: 40 + step, low: step });
          const tensor = one.tensor(x.values, shape);
          batchNorm(tensor, { runningMean, runningVariance, training: true, momentum });
          const n = x.values.length / channels;
          const moved = (old: number[], now: number[]): number[] =>
            old.map((value, c) => (1 - momentum) * value + momentum * now[c]!);
          means = moved(means, channelsOf(x).map(average));
          variances = moved(variances, channelsOf(x).map((numbers) => (variance(numbers) * n) / (n - 1)));
        }
        expectClose("running mean", await runningMean.read(), means, { relative: 1e-5, absolute: 1e-6 });
        expectClose("running variance", await runningVariance.read(), variances, { relative: 1e-5, absolute: 1e-6 });
      });
    }
  }
});

/** At test time, with these running statistics. */
function evaluated(shape: readonly number[], affine: Affine): OperationCase {
  const channels = shape[1]!;
  const means = [...randomTwin([channels], { seed: 6 }).values];
  const variances = [...randomTwin([channels], { seed: 7, low: 0.2, high: 3 }).values];
  return {
    ...batchCase(shape, affine),
    name: `batchNorm at test time of [${shape}], ${affine}`,
    run: (x, ...rest) => {
      const [runningMean, runningVariance] = [x!.engine.tensor(means), x!.engine.tensor(variances)];
      const y = batchNorm(x!, { ...named(affine, rest), runningMean, runningVariance, training: false });
      // The gradient is that of the statistics that were used, whatever becomes of them.
      runningMean.write(new Float32Array(channels).fill(9));
      runningVariance.write(new Float32Array(channels).fill(9));
      return y;
    },
    twin: (x, ...rest) => {
      const { weight, bias } = named(affine, rest);
      return batchNormTwin(x!, weight, bias, { means, variances });
    },
  };
}

batches("at test time it uses the running statistics, and its gradients take them as constants", async () => {
  for (const one of Object.values(engines)) {
    await inTurn([[1, 3], [4, 4], [2, 3, 5], [2, 2, 2, 2]], (shape) => expectValue(one, evaluated(shape, "both")));
    await inTurn([[1, 3], [4, 4], [2, 3, 5], [2, 2, 2, 2]], (shape) => expectGradients(one, evaluated(shape, "both")));
    await inTurn(affines, (affine) => expectGradients(one, evaluated([3, 2, 4], affine)));
  }
});

batches("the same batch gives the same bits every time", async () => {
  await scoped(engine, async () => {
    for (const one of Object.values(engines)) {
      const data = randomTwin([20, 3, 9, 8], { seed: 50 });
      const bits = async (): Promise<Float32Array> => {
        const x = one.tensor(data.values, data.shape, { requiresGrad: true });
        const y = batchNorm(x, { training: true });
        y.backward(one.tensor(randomTwin(data.shape, { seed: 51 }).values, data.shape));
        return x.grad!.read();
      };
      assert.equal(await bits(), await bits());
    }
  });
});

batches("few dispatches: three while training, two at test time, three back", () => {
  for (const one of Object.values(engines)) {
    one.scope(() => {
      const counted = (run: () => void): number => {
        const before = one.stats().dispatches;
        run();
        return one.stats().dispatches - before;
      };
      const x = one.ones([8, 16, 12, 12], { requiresGrad: true });
      const [weight, bias] = [one.ones([16], { requiresGrad: true }), one.zeros([16], { requiresGrad: true })];
      const [runningMean, runningVariance] = [one.zeros([16]), one.ones([16])];
      const options = { weight, bias, runningMean, runningVariance };
      let y: Tensor;
      assert.is(counted(() => (y = batchNorm(x, { ...options, training: true }))), 3);
      const dy = one.ones(x.shape);
      assert.is(counted(() => y.backward(dy)), 3);
      assert.is(counted(() => batchNorm(x, { ...options, training: false })), 2);
      const wide = one.ones([200, 128], { requiresGrad: true });
      const [scale, offset] = [one.ones([128], { requiresGrad: true }), one.zeros([128], { requiresGrad: true })];
      assert.is(counted(() => (y = layerNorm(wide, { weight: scale, bias: offset }))), 1);
      const gradient = one.ones([200, 128]);
      assert.is(counted(() => y.backward(gradient)), 3);
    });
  }
});

batches("more than 65,535 workgroups are all computed", async () => {
  await scoped(engine, async () => {
    // Channel c of row r is c·(r % 2): mean c/2, deviation c/2.
    const count = 1_400_001;
    const data = Float32Array.from({ length: 3 * count }, (_, i) => (i % 3) * (Math.floor(i / 3) % 2));
    const y = await batchNorm(engine.tensor(data, [count, 3]), { training: true }).read();
    const wrong = y.findIndex((value, i) => {
      const c = i % 3;
      return !(Math.abs(value - (c === 0 ? 0 : (data[i]! - c / 2) / Math.sqrt(c * c * 0.25 + epsilon))) < 1e-4);
    });
    assert.is(wrong, -1);
  });
});

rows("more than 65,535 workgroups are all computed", async () => {
  await scoped(engine, async () => {
    const [count, side] = [4_200_001, 1 / Math.sqrt(1 + epsilon)];
    const data = new Float32Array(2 * count).fill(1);
    for (let i = 0; i < data.length; i += 2) data[i] = -1;
    const y = await layerNorm(engine.tensor(data, [count, 2])).read();
    assert.is(y.findIndex((value, i) => !(Math.abs(value - (i % 2 === 0 ? -side : side)) < 1e-6)), -1);
    const long = (await hasGpu()) ? 65_600 : 300;
    const ramp = Float32Array.from({ length: long * 33 }, (_, i) => (i % 33) - 16);
    const x = engines.gpu.tensor(ramp, [long, 33], { requiresGrad: true });
    const z = layerNorm(x);
    const deviation = Math.sqrt(average(Array.from({ length: 33 }, (_, i) => (i - 16) ** 2)) + epsilon);
    assert.is((await z.read()).findIndex((value, i) => !(Math.abs(value - ramp[i]! / deviation) < 1e-5)), -1);
    // z has sum 0 and nearly unit variance whatever x is: along z itself there is nothing to gain.
    z.backward(z);
    assert.is((await x.grad!.read()).findIndex((value) => !(Math.abs(value) < 1e-5)), -1);
  });
});

batches("no elements give none, leave the running statistics alone, and give gradients of zeros", async () => {
  await scoped(engine, async () => {
    for (const shape of [[0, 3], [2, 3, 0], [0, 3, 2, 2]]) {
      for (const training of [true, false]) {
        const x = engine.zeros(shape, { requiresGrad: true });
        const [weight, bias] = [engine.ones([3], { requiresGrad: true }), engine.ones([3], { requiresGrad: true })];
        const [runningMean, runningVariance] = [engine.zeros([3]), engine.ones([3])];
        const y = batchNorm(x, { weight, bias, runningMean, runningVariance, training });
        assert.equal([...y.shape], shape);
        y.sum().backward();
        assert.equal([...x.grad!.shape], shape);
        assert.equal([...(await weight.grad!.read()), ...(await bias.grad!.read())], [0, 0, 0, 0, 0, 0]);
        assert.equal([...(await runningMean.read()), ...(await runningVariance.read())], [0, 0, 0, 1, 1, 1]);
      }
    }
    assert.equal([...batchNorm(engine.zeros([4, 0]), { training: true }).shape], [4, 0]);
    for (const shape of [[0, 3], [3, 0]]) {
      const x = engine.zeros(shape, { requiresGrad: true });
      const weight = engine.ones([shape[1]!], { requiresGrad: true });
      layerNorm(x, { weight }).sum().backward();
      assert.equal([...x.grad!.shape], shape);
      assert.equal([...(await weight.grad!.read())], new Array(shape[1]!).fill(0));
    }
  });
});

batches("wrapped buffers that end at their last element can be normalised", async () => {
  for (const one of Object.values(engines)) {
    await scoped(one, async () => {
      const wrapped = (twin: Twin): Tensor => {
        const buffer = one.device.createBuffer({ size: 4 * sizeOf(twin.shape), usage: 0x80 | 0x8 });
        one.device.queue.writeBuffer(buffer, 0, Float32Array.from(twin.values));
        return one.wrap(buffer, twin.shape);
      };
      for (const shape of [[3, 5], [3, 33], [5, 4]]) {
        const [x, weight] = inputsFor(shape, shape[1]!, "weight") as [Twin, Twin];
        const y = batchNorm(wrapped(x), { weight: wrapped(weight), training: true });
        expectClose("batchNorm", await y.read(), batchNormTwin(x, weight).values, tolerances.tolerance);
        const z = layerNorm(wrapped(x), { weight: wrapped(weight) });
        expectClose("layerNorm", await z.read(), layerNormTwin(x, weight).values, tolerances.tolerance);
      }
    });
  }
});

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

batches.run();
rows.run();
layers.run();
refusals.run();
