import { suite } from "uvu";
import * as assert from "uvu/assert";
import { batchNorm, type Engine, layerNorm, type Tensor } from "webgpu-imle";
import { hasGpu, scoped, testEngine } from "./support/engine.js";
import { expectClose, expectGradients, expectValue, inTurn, type OperationCase } from "./support/gradients.js";
import { batchNormTwin, channelsOf, epsilon, layerNormTwin, tolerances, variance } from "./support/normalisation.js";
import { average, randomTwin, sizeOf, total, type Twin } from "./support/twins.js";

const engines = { software: await testEngine({ as: "software" }), gpu: await testEngine({ as: "gpu" }) };
const engine = engines.software;

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

batches.run();
rows.run();
