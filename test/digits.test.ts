import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Adam, Engine, ImleError } from "webgpu-imle";
import { inPatchOrder, packedSize, unpackDigits } from "../examples/digits/dataset.js";
import { views } from "../examples/digits/events.js";
import { losses, masked, PatchReader } from "../examples/digits/model.js";
import { permutation, randomNumbers } from "../examples/report/random.js";

const dataset = suite("digits: the data");

dataset("a packed file of another length is refused", () => {
  try {
    unpackDigits(new ArrayBuffer(packedSize - 1));
  } catch (error) {
    assert.instance(error, ImleError);
    assert.is((error as ImleError).code, "data");
    return;
  }
  assert.unreachable();
});

dataset("in patch order, pixel (x, y) lies in patch (x / 4, y / 4), and every pixel occurs once", () => {
  for (const [x, y] of [[0, 0], [3, 3], [4, 0], [0, 4], [13, 22], [27, 27]] as const) {
    const pixels = new Uint8Array(784);
    pixels[28 * y + x] = 51;
    const ordered = inPatchOrder({ count: 1, pixels, labels: new Uint8Array(1) });
    const places = [...ordered.keys()].filter((place) => ordered[place] !== 0);
    assert.is(places.length, 1);
    assert.is(Math.floor(places[0]! / 16), 7 * Math.floor(y / 4) + Math.floor(x / 4));
    assert.is(ordered[places[0]!], Math.fround(0.2));
  }
});

dataset("a permutation has every number once; the seed decides which it is", () => {
  const once = permutation(1000, randomNumbers(7));
  assert.equal([...once].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assert.equal(permutation(1000, randomNumbers(7)), once);
  assert.not.equal(permutation(1000, randomNumbers(8)), once);
});

dataset.run();

interface Device {
  engine: Engine;
}

const model = suite<Device>("digits: the networks", {} as Device);
model.before(async (context) => {
  context.engine = await Engine.create();
});
model.after(({ engine }) => engine.dispose());
model.before.each(({ engine }) => engine.seed(3));

const batch = 20;
const labelOf = (digit: number): number => digit % 10;

/** Images of ten classes that differ in every patch: half of the patches are bright, which half tells the class. */
const makeImages = (): Float32Array => {
  const random = randomNumbers(11);
  return Float32Array.from({ length: batch * 784 }, (_, i) => {
    const patch = Math.floor((i % 784) / 16);
    const bright = (7 * patch + 3 * labelOf(Math.floor(i / 784))) % 10 < 5;
    return 0.2 * random() + (bright ? 0.8 : 0);
  });
};

model("a mask hides all but the pixels of its patches", async ({ engine }) => {
  const images = makeImages();
  const mask = Float32Array.from({ length: batch * 49 }, (_, i) => ((i * 7) % 12 === 0 ? 1 : 0));
  using scope = engine.openScope();
  void scope;
  const seen = await masked(engine.tensor(images, [batch, 784]), engine.tensor(mask, [batch, 49])).read();
  const maskAt = (i: number): number => mask[Math.floor(i / 784) * 49 + Math.floor((i % 784) / 16)]!;
  assert.equal([...seen], [...images].map((value, i) => value * maskAt(i)));
});

model("each digit is read by four patches; tests without noise repeat, training draws anew", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const images = engine.tensor(makeImages(), [batch, 784]);
  const reader = new PatchReader(engine);
  const masks: number[][] = [];
  for (const read of [reader.test, reader.test, reader.read, reader.read]) {
    const mask = [...(await read.call(reader, images).mask.read())];
    for (let digit = 0; digit < batch; digit++) {
      const row = mask.slice(digit * 49, (digit + 1) * 49);
      assert.is(row.filter((value) => value === 1).length, 4);
      assert.is(row.filter((value) => value === 0).length, 45);
    }
    masks.push(mask);
  }
  assert.equal(masks[0], masks[1]);
  assert.not.equal(masks[2], masks[3]);
});

model("training steps lower every loss, read nothing back and leave no memory behind", async ({ engine }) => {
  const reader = new PatchReader(engine);
  const optimiser = new Adam({ parameters: reader.parameters, learningRate: 1e-3 });
  const images = engine.tensor(makeImages(), [batch, 784]);
  const labels = engine.tensor(Int32Array.from({ length: batch }, (_, i) => labelOf(i)));
  const step = () =>
    engine.scope(() => {
      const { chosen, random, all } = losses(reader.read(images), labels);
      optimiser.zeroGrad();
      chosen.add(random).add(all).backward();
      optimiser.step();
      return [chosen, random, all];
    });
  const values = async (): Promise<number[]> => {
    const sums = step();
    const read: number[] = [];
    for (const sum of sums) {
      read.push(await sum.item());
      sum.dispose();
    }
    return read;
  };
  const first = await values();
  for (let i = 0; i < 5; i++) for (const sum of step()) sum.dispose();
  const before = { readbacks: engine.stats().readbacks, bytes: engine.memory().liveBytes };
  for (let i = 0; i < 25; i++) for (const sum of step()) sum.dispose();
  assert.is(engine.stats().readbacks, before.readbacks);
  assert.is(engine.memory().liveBytes, before.bytes);
  const last = await values();
  for (const [i, value] of last.entries()) assert.ok(value < 0.9 * first[i]!, `${first.join(" ")} → ${last.join(" ")}`);
});

model("the loss of a classifier is the cross-entropy of its own scores, summed over the batch", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const reading = new PatchReader(engine).read(engine.tensor(makeImages(), [batch, 784]));
  const sums = losses(reading, engine.tensor(Int32Array.from({ length: batch }, (_, i) => labelOf(i))));
  for (const view of views) {
    const scores = [...(await reading.logits[view].read())];
    let expected = 0;
    for (let digit = 0; digit < batch; digit++) {
      const row = scores.slice(digit * 10, (digit + 1) * 10);
      expected += Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0)) - row[labelOf(digit)]!;
    }
    const found = await sums[view].item();
    assert.ok(Math.abs(found - expected) < 1e-4 * expected, `${view}: ${found}, expected ${expected}`);
  }
});

model("the selector learns to look at the patches that tell the classes apart", async ({ engine }) => {
  const telling = Array.from({ length: 16 }, (_, i) => 3 * i + 1);
  const pixels = Float32Array.from({ length: batch * 784 }, (_, i) => {
    const place = telling.indexOf(Math.floor((i % 784) / 16));
    if (place < 0) return 0.5;
    return ((labelOf(Math.floor(i / 784)) >> place % 4) & 1) === 1 ? 1 : 0;
  });
  const reader = new PatchReader(engine);
  const optimiser = new Adam({ parameters: reader.parameters, learningRate: 1e-3 });
  const images = engine.tensor(pixels, [batch, 784]);
  const labels = engine.tensor(Int32Array.from({ length: batch }, (_, i) => labelOf(i)));
  const hits = async (): Promise<number> => {
    using scope = engine.openScope();
    void scope;
    const mask = await reader.test(images).mask.read();
    return mask.reduce((sum, chosen, i) => sum + (telling.includes(i % 49) ? chosen : 0), 0) / batch;
  };
  const before = await hits();
  for (let step = 0; step < 60; step++) {
    engine.scope(() => {
      optimiser.zeroGrad();
      losses(reader.read(images), labels).chosen.backward();
      optimiser.step();
    });
  }
  const after = await hits();
  assert.ok(before < 1.6 && after > 2.4, `of 4 chosen patches ${before} tell them apart at first, ${after} in the end`);
});

model.run();
