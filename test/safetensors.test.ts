import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  Adam,
  AdamW,
  BatchNorm1d,
  crossEntropy,
  decodeSafetensors,
  Dropout,
  type Engine,
  imle,
  Linear,
  loadSafetensors,
  relu,
  RMSprop,
  saveSafetensors,
  Sequential,
  SGD,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";
// Made once by the Python library, `safetensors.numpy.save_file(tensors, path, {"made by": …})` of version 0.8: a linear
// layer, a batch normalisation as PyTorch names it, and one tensor of each other dtype.
import fromPython from "./fixtures/python.safetensors";
import { scoped, testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("safetensors");

test("a file of the Python library is read, whatever the dtypes", () => {
  const { tensors, metadata } = decodeSafetensors(fromPython);
  assert.equal(metadata, { "made by": "safetensors of Python, π" });
  const expected: Record<string, [storedAs: string, dtype: string, shape: number[], values: number[]]> = {
    "0.weight": ["F32", "f32", [2, 3], [-0.5, -0.25, 0, 0.25, 0.5, 0.75]],
    "0.bias": ["F32", "f32", [2], [0.1, -3e38].map(Math.fround)],
    "1.running_mean": ["F32", "f32", [2], [0.5, -2]],
    "1.running_var": ["F32", "f32", [2], [1, 4]],
    "1.num_batches_tracked": ["I64", "i32", [], [12]],
    half: ["F16", "f32", [5], [1, -0.5, 65504, 2 ** -24, 0]],
    brain: ["BF16", "f32", [1, 2], [1, -3.140625]],
    double: ["F64", "f32", [1], [Math.fround(1 / 3)]],
    flags: ["BOOL", "u32", [3], [1, 0, 1]],
    bytes: ["U8", "u32", [2], [0, 255]],
    short: ["I16", "i32", [2], [-32768, 5]],
    tiny: ["I8", "i32", [1], [-128]],
    whole: ["I32", "i32", [2], [-7, 2147483647]],
    empty: ["F32", "f32", [0, 3], []],
  };
  assert.equal([...tensors.keys()].sort(), Object.keys(expected).sort());
  for (const [name, [storedAs, dtype, shape, values]] of Object.entries(expected)) {
    const tensor = tensors.get(name)!;
    assert.equal([tensor.storedAs, tensor.dtype, tensor.shape, [...tensor.read()]], [storedAs, dtype, shape, values]);
  }
});

test("a model that Python saved is loaded with its names mapped, and the rest left out", async () => {
  const model = new Sequential(new Linear(engine, 3, 2), new BatchNorm1d(engine, 2, { affine: false }));
  const names: Record<string, string> = { "1.running_mean": "1.runningMean", "1.running_var": "1.runningVariance" };
  const rename = (name: string): string | null => names[name] ?? (name.startsWith("0.") ? name : null);
  loadSafetensors(fromPython, model.state, { rename });
  assert.equal([...(await model.state["0.weight"]!.read())], [-0.5, -0.25, 0, 0.25, 0.5, 0.75]);
  assert.equal([...(await model.state["1.runningVariance"]!.read())], [1, 4]);
});

test("what is saved is loaded again to the bit, also from bytes inside a larger buffer", async () => {
  const random = randomSource(3);
  const make = (): Record<string, Tensor> => ({
    numbers: engine.tensor(randomNumbers(random, 7)),
    words: engine.tensor(Uint32Array.of(0, 4294967295)),
    whole: engine.tensor(Int32Array.of(-(2 ** 31), 5), [2, 1]),
    scalar: engine.tensor(3.5),
    empty: engine.zeros([2, 0]),
  });
  const [first, second] = [make(), make()];
  const file = await saveSafetensors({ a: first, list: [engine.ones([2])] }, { metadata: { step: "12", π: "\u{1f600}" } });
  assert.is((8 + Number(new DataView(file.buffer).getBigUint64(0, true))) % 8, 0);
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  const { metadata } = loadSafetensors(shifted.subarray(3), { a: second, list: [engine.zeros([2])] });
  assert.equal(metadata, { step: "12", π: "\u{1f600}" });
  for (const name of Object.keys(first)) {
    assert.equal((await second[name]!.read()).buffer, (await first[name]!.read()).buffer);
  }
  assert.is((await saveSafetensors({})).length, 16);
});

/** A training with everything that a run must remember: running statistics, dropout, noise, and an optimiser's state. */
function training(engine: Engine, optimiserOf: (parameters: Tensor[]) => Adam | SGD | RMSprop) {
  const model = new Sequential(
    new Linear(engine, 6, 8),
    new BatchNorm1d(engine, 8),
    relu,
    new Dropout(engine, 0.3),
    imle(topK(3), { noise: sumOfGamma({ kappa: 3 }), samples: 2 }),
    new Linear(engine, 8, 3),
  );
  const optimiser = optimiserOf(Object.values(model.state).filter((tensor) => tensor.requiresGrad));
  const run = (steps: number): void => {
    for (let step = 0; step < steps; step++) {
      engine.scope(() => {
        optimiser.zeroGrad();
        const loss = crossEntropy(model.forward(engine.normal([5, 6])), engine.tensor(Int32Array.of(0, 1, 2, 0, 1)));
        loss.backward();
        optimiser.step();
      });
    }
  };
  return { state: { model: model.state, optimiser: optimiser.state }, run };
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

const optimisers = {
  AdamW: (parameters: Tensor[]) => new AdamW({ parameters, learningRate: 0.05 }),
  SGD: (parameters: Tensor[]) => new SGD({ parameters, learningRate: 0.05, momentum: 0.9, nesterov: true }),
  RMSprop: (parameters: Tensor[]) => new RMSprop({ parameters, learningRate: 0.01, momentum: 0.5 }),
};
for (const [name, optimiserOf] of Object.entries(optimisers)) {
  test(`a run with ${name} goes on to the same bits on a new engine`, async () => {
    const first = await testEngine();
    first.seed(5);
    const whole = training(first, optimiserOf);
    whole.run(3);
    const file = await saveSafetensors(whole.state, { metadata: { random: JSON.stringify(first.randomState) } });
    whole.run(3);
    const expected = await saveSafetensors(whole.state);

    const second = await testEngine();
    second.seed(77);
    const resumed = training(second, optimiserOf);
    resumed.run(1);
    const { metadata } = loadSafetensors(file, resumed.state);
    second.randomState = JSON.parse(metadata["random"]!);
    const loaded = await saveSafetensors(resumed.state);
    resumed.run(3);
    const found = await saveSafetensors(resumed.state);
    assert.ok(same(found, expected), "three steps later all bytes are those of the run that was not interrupted");
    assert.not(same(found, loaded), "three steps change something");
    for (const [tensor, { read }] of decodeSafetensors(loaded).tensors) {
      assert.equal(read(), decodeSafetensors(file).tensors.get(tensor)!.read());
    }
  });
}

test("random numbers go on where they stood, and what is no state is refused and changes nothing", async () => {
  engine.seed(9);
  engine.normal([3]);
  const state = JSON.parse(JSON.stringify(engine.randomState));
  const next = await engine.normal([3]).read();
  for (const wrong of [null, 1, {}, { seed: -1, calls: {} }, { seed: 1, calls: { a: 1 } }, { seed: 1, calls: { 1: 0.5 } }]) {
    refused(() => (engine.randomState = wrong as never), "value", /^randomState: it must be/);
  }
  engine.randomState = state;
  assert.equal(await engine.normal([3]).read(), next);
});

/** A file with this header and so many bytes after it. */
function fileOf(header: unknown, bytes = 8): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + bytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const one = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const malformed: readonly [name: string, file: Uint8Array, message: RegExp][] = [
  ["no bytes", new Uint8Array(0), /must begin with the 8 bytes .*got 0/],
  ["seven bytes", new Uint8Array(7), /got 7/],
  ["a header beyond the file", fileOf({ x: one }).slice(0, 40), /the header must fit the file of 40 bytes/],
  ["a header of 2⁶³ bytes", new Uint8Array([0, 0, 0, 0, 0, 0, 0, 128, 1]), /got a length of 9223372036854775808/],
  ["a header that is no JSON", fileOf("{x", 0), /must be an object in JSON/],
  ["a header that is no UTF-8", fileOf("{\"\u0000\":1}", 0).fill(0xff, 10, 11), /must be an object in JSON/],
  ["a header that is an array", fileOf([], 0), /must be an object in JSON/],
  ["metadata that is no text", fileOf({ __metadata__: { step: 3 } }, 0), /__metadata__ must be an object of texts/],
  ["an entry that is no object", fileOf({ x: 3 }), /the entry of "x" must be an object, got 3/],
  ["an unknown dtype", fileOf({ x: { ...one, dtype: "F8" } }), /the dtype of "x" .*got "F8"/],
  ["an inherited name for a dtype", fileOf({ x: { ...one, dtype: "toString" } }), /the dtype of "x"/],
  ["a negative length", fileOf({ x: { ...one, shape: [-2] } }), /the shape of "x" .*got \[-2\]/],
  ["no shape", fileOf({ x: { ...one, shape: null } }), /the shape of "x" .*got null/],
  ["offsets of another size", fileOf({ x: { ...one, data_offsets: [0, 4] } }), /span the 8 bytes of F32 \[2\].*\[0, 4\]/],
  ["offsets that run backwards", fileOf({ x: { ...one, data_offsets: [8, 0] } }), /the offsets of "x"/],
  ["a tensor beyond the file", fileOf({ x: one }, 4), /must fill the file's 4 bytes .*got 8/],
  ["bytes that belong to none", fileOf({ x: one }, 12), /must fill the file's 12 bytes .*got 8/],
  ["a hole", fileOf({ x: { ...one, data_offsets: [4, 12] } }, 12), /must begin where the one before ends, at 0, got 4/],
  [
    "overlapping tensors",
    fileOf({ x: one, y: { ...one, data_offsets: [4, 12] } }, 12),
    /must begin where the one before ends, at 8, got 4 for "y"/,
  ],
];
for (const [name, file, message] of malformed) {
  test(`a file with ${name} is refused, and changes nothing`, async () => {
    using x = engine.tensor([1, 2]);
    refused(() => decodeSafetensors(file), "data", new RegExp(`^safetensors: .*${message.source}`));
    refused(() => loadSafetensors(file, { x }), "data", message);
    assert.equal([...(await x.read())], [1, 2]);
  });
}

test("a file cut off anywhere is refused", async () => {
  const file = await saveSafetensors({ x: engine.tensor([1, 2, 3]), y: engine.tensor([4]) }, { metadata: { a: "b" } });
  for (let length = 0; length < file.length; length++) {
    refused(() => decodeSafetensors(file.subarray(0, length)), "data", /^safetensors: /);
  }
});

test("names, shapes and dtypes that are not those of the tree are refused, and change nothing", async () => {
  const file = await saveSafetensors({ x: engine.tensor([1, 2]), y: engine.tensor([3]) });
  const [x, y] = [engine.tensor([8, 9]), engine.tensor([7])];
  const bad: readonly [run: () => unknown, message: RegExp][] = [
    [() => loadSafetensors(file, { x }), /each tensor of the file must be one of the tree, once, got "y"$/],
    [() => loadSafetensors(file, { x, y, z: engine.ones([1]) }), /must hold every tensor of the tree, got none for \["z"\]/],
    [() => loadSafetensors(file, { x, y: engine.ones([2]) }), /"y" must be f32 of shape \[2\], got F32 \[1\]/],
    [() => loadSafetensors(file, { x, y: engine.ones([1], { dtype: "i32" }) }), /"y" must be i32 .*got F32/],
    [() => loadSafetensors(file, { x, y }, { rename: () => "x" }), /got "y", as "x"/],
    [() => loadSafetensors(fileOf({ y: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }).fill(255, -4, -1), {
      y: engine.ones([1], { dtype: "i32" }),
    }), /64-bit whole numbers must fit 32 bits/],
  ];
  for (const [run, message] of bad) {
    refused(run, "data", message);
    assert.equal([...(await x.read()), ...(await y.read())], [8, 9, 7]);
  }
  refused(() => loadSafetensors("file" as never, { x }), "value", /must be a Uint8Array or an ArrayBuffer, got "file"/);
  refused(() => loadSafetensors(file, { x: 1 } as never), "value", /parameters must be tensors .*got 1 at "x"/);
  refused(() => loadSafetensors(file, { x }, { rename: 1 } as never), "value", /rename must be a function/);
  await rejected(saveSafetensors({ a: { b: x }, "a.b": y }), "value", /each name must be given once, got "a.b" again/);
  await rejected(saveSafetensors({ x }, { metadata: { step: 3 as never } }), "value", /metadata must be texts, got 3/);
  await rejected(saveSafetensors({ __metadata__: x }), "value", /must not be __metadata__/);
  x.dispose();
  await rejected(saveSafetensors({ x }), "disposed", /^saveSafetensors/);
  await scoped(engine, async () => refused(() => loadSafetensors(file, { x, y }), "disposed", /^loadSafetensors/));
  assert.equal([...(await y.read())], [7]);
});

test.run();
