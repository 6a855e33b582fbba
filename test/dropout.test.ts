import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dropout, dropout, Linear, noGrad, relu, Sequential, type Tensor } from "webgpu-imle";
import { philox4Cpu } from "webgpu-imle/testing";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();

/** Whether each of `count` elements is kept, from the words of the published generator. */
function keptTwin(
  count: number,
  probability: number,
  { seed, stream, call }: { seed: number; stream: number; call: number },
): boolean[] {
  return Array.from({ length: count }, (_, i) => {
    const words = philox4Cpu([i >> 2, 0, 0, call], [seed, stream]);
    return words[i % 4]! >= probability * 2 ** 32;
  });
}

const drop = suite("dropout");

for (const probability of [0, 0.1, 0.5, 0.875, 1]) {
  drop(`drops by its own stream's words with probability ${probability}, and scales up what it keeps`, async () => {
    await scoped(engine, async () => {
      engine.seed(17);
      const random = randomSource(1);
      for (const [call, size] of [1, 3, 4, 6, 129].entries()) {
        const data = randomNumbers(random, size);
        const kept = keptTwin(size, probability, { seed: 17, stream: 900, call });
        const scale = probability < 1 ? 1 / (1 - probability) : 0;
        const expected = kept.map((isKept, i) => (isKept ? data[i]! * scale : 0));
        const y = dropout(engine.tensor(data), probability, { stream: 900 });
        expectClose(`${size} elements`, await y.read(), expected, { relative: 3e-7, absolute: 0 });
      }
    });
  });
}

drop("the gradient passes where x did, scaled as x was, although no mask is stored", async () => {
  await scoped(engine, async () => {
    engine.seed(18);
    const random = randomSource(2);
    const [data, weights] = [randomNumbers(random, 203), randomNumbers(random, 203)];
    const x = engine.tensor(data, [7, 29], { requiresGrad: true });
    const before = engine.memory().liveBuffers;
    const y = dropout(x, 0.3, { stream: 901 });
    assert.is(engine.memory().liveBuffers - before, 1);
    // Another call between forward and backward must not change the mask.
    dropout(x, 0.3, { stream: 901 });
    y.backward(engine.tensor(weights, [7, 29]));
    const kept = keptTwin(203, 0.3, { seed: 18, stream: 901, call: 0 });
    const expected = kept.map((isKept, i) => (isKept ? weights[i]! / 0.7 : 0));
    expectClose("gradient", await x.grad!.read(), expected, { relative: 3e-7, absolute: 0 });
  });
});

drop("the share of what is dropped, and of neighbours dropped together, is that of independent draws", async () => {
  await scoped(engine, async () => {
    engine.seed(19);
    const n = 200_000;
    for (const probability of [0.01, 0.2, 0.5, 0.9]) {
      const y = await dropout(engine.ones([n]), probability).read();
      const dropped: number[] = Array.from(y, (value) => (value === 0 ? 1 : 0));
      const near = (sum: number, p: number, what: string): void => {
        const deviations = (sum - n * p) / Math.sqrt(n * p * (1 - p));
        assert.ok(Math.abs(deviations) < 5, `${what} of ${probability}: ${deviations} deviations`);
      };
      near(dropped.reduce((sum, one) => sum + one, 0), probability, "share");
      for (const lag of [1, 4]) {
        // Overlapping pairs add at most a factor of two to the deviation.
        const pairs = dropped.reduce((sum, one, i) => sum + one * (dropped[i + lag] ?? 0), 0);
        const p = probability ** 2;
        assert.ok(Math.abs(pairs - n * p) < 10 * Math.sqrt(n * p) + 5, `lag ${lag} of ${probability}: ${pairs}`);
      }
    }
  });
});

drop("the same seed gives the same masks again; calls, streams and layers give others", async () => {
  await scoped(engine, async () => {
    const x = engine.ones([64]);
    const [first, second] = [new Dropout(engine, 0.5), new Dropout(engine, 0.5)];
    const draws = async (seed: number): Promise<string[]> => {
      engine.seed(seed);
      const masks = [first.forward(x), first.forward(x), second.forward(x), dropout(x, 0.5), dropout(x, 0.5)];
      return Promise.all(masks.map(async (mask) => (await mask.read()).join("")));
    };
    const masks = await draws(3);
    assert.is(new Set(masks).size, masks.length);
    assert.equal(await draws(3), masks);
    for (const mask of await draws(4)) assert.not.ok(masks.includes(mask));
  });
});

drop("wrapped buffers that end at their last element get the same mask as any other", async () => {
  await scoped(engine, async () => {
    const size = 37;
    const buffer = engine.device.createBuffer({ size: 4 * size, usage: 0x80 | 0x8 });
    engine.device.queue.writeBuffer(buffer, 0, new Float32Array(size).fill(1));
    engine.seed(20);
    const wrapped = await dropout(engine.wrap(buffer, [size]), 0.4).read();
    engine.seed(20);
    assert.equal(wrapped, await dropout(engine.ones([size]), 0.4).read());
  });
});

drop("more than 65,535 workgroups are all computed", async () => {
  await scoped(engine, async () => {
    // One number a lane, because of a buffer that ends at its last element.
    const size = 64 * 65_536 + 1;
    const buffer = engine.device.createBuffer({ size: 4 * size, usage: 0x80 | 0x8 });
    const x = engine.wrap(buffer, [size]);
    engine.device.queue.writeBuffer(buffer, 0, new Float32Array(size).fill(1));
    engine.seed(21);
    const y = await dropout(x, 0.5).read();
    const last = keptTwin(4, 0.5, { seed: 21, stream: 0, call: 0 }).map((isKept) => (isKept ? 2 : 0));
    assert.equal([...y.slice(0, 4)], last);
    for (const place of [64 * 65_535 - 1, 64 * 65_535 + 2, size - 1]) {
      const words = philox4Cpu([place >> 2, 0, 0, 0], [21, 0]);
      assert.is(y[place], words[place % 4]! >= 2 ** 31 ? 2 : 0, `element ${place}`);
    }
    assert.is(y.findIndex((value) => value !== 0 && value !== 2), -1);
  });
});

drop("no elements give none, and a gradient without elements", async () => {
  await scoped(engine, async () => {
    const x = engine.zeros([0, 3], { requiresGrad: true });
    dropout(x, 0.5).sum().backward();
    assert.equal([...x.grad!.shape], [0, 3]);
  });
});

const layers = suite("Dropout");

layers("drops while training, passes on after eval(), and drops again after train()", async () => {
  await scoped(engine, async () => {
    const layer = new Dropout(engine, 0.5);
    const model = new Sequential(new Linear(engine, 8, 8), relu, layer);
    assert.equal(Object.keys(model.parameters), ["0"]);
    const x = engine.ones([500]);
    const zeros = async (y: Tensor): Promise<number> => (await y.read()).filter((value) => value === 0).length;
    assert.ok((await zeros(layer.forward(x))) > 150);
    assert.is(model.eval(), model);
    assert.is(await zeros(layer.forward(x)), 0);
    model.train();
    assert.ok((await zeros(layer.forward(x))) > 150);
  });
});

layers("after eval() the gradient passes on too, and freeing the result does not free x", async () => {
  await scoped(engine, async () => {
    const layer = new Dropout(engine, 0.9).eval();
    const x = engine.ones([5], { requiresGrad: true });
    const y = layer.forward(x);
    y.sum().backward();
    y.dispose();
    assert.equal([...(await x.grad!.read())], [1, 1, 1, 1, 1]);
    noGrad(() => layer.forward(x)).dispose();
    assert.equal([...(await x.read())], [1, 1, 1, 1, 1]);
  });
});

const refusals = suite("dropout refuses");

refusals("probabilities outside of 0 to 1, wrong streams, options and tensors", async () => {
  await scoped(engine, async () => {
    const wrong = (value: unknown): never => value as never;
    const x = engine.ones([4]);
    const whole = engine.arange(4);
    const other = await testEngine();
    const { dispatches } = engine.stats();
    for (const probability of [-0.1, 1.1, NaN, Infinity, "0.5", null, undefined]) {
      refused(() => dropout(x, wrong(probability)), "value", /^dropout: probability must be a number from 0 to 1/);
      refused(() => new Dropout(engine, wrong(probability)), "value", /^Dropout: probability must be/);
    }
    refused(() => dropout(wrong(3), 0.5), "value", /^dropout: x must be a tensor, got 3/);
    refused(() => dropout(whole, 0.5), "dtype", /^dropout: x must be f32, got i32/);
    refused(() => dropout(x, 0.5, wrong({ seed: 1 })), "value", /^dropout: options .*got seed/);
    for (const stream of [-1, 0.5, 65_536, "1"]) {
      refused(() => dropout(x, 0.5, { stream: wrong(stream) }), "value", /^dropout: stream must be/);
      refused(() => new Dropout(engine, 0.5, { stream: wrong(stream) }), "value", /^Dropout: stream must be/);
    }
    refused(() => new Dropout(engine, 0.5).eval().forward(wrong(null)), "value", /^Dropout: x must be/);
    refused(() => new Dropout(engine, 0.5).forward(whole), "dtype", /^Dropout: x must be f32/);
    refused(() => new Dropout(other, 0.5).eval().forward(x), "engine", /^Dropout: all tensors must be of one engine/);
    assert.is(engine.stats().dispatches, dispatches, "nothing is recorded by what is refused");
  });
});

drop.run();
layers.run();
refusals.run();
