import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, relu, type Tensor } from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
/** Submits many dispatches together, as engines do: what is said of the order of things is to be tried on this one. */
const plain = await testEngine({ debug: false });
const usage = { copySource: 0x4, copyDestination: 0x8, storage: 0x80 };

const tensors = suite("tensors and memory");

/** A test after which no buffer may be left. */
function check(name: string, f: (engine: Engine) => Promise<void> | void, one = engine): void {
  tensors(name, async () => {
    const before = one.memory().liveBuffers;
    await scoped(one, async () => f(one));
    assert.is(one.memory().liveBuffers, before, "buffers left behind");
  });
}

function checkOrder(name: string, f: (engine: Engine) => Promise<void> | void): void {
  check(name, f, plain);
  check(`${name} (debug engine)`, f);
}

check("data come back as they went in", async () => {
  const nested = engine.tensor([[1, 2, 3], [4, 5, 6]]);
  assert.equal([nested.dtype, nested.shape, nested.size], ["f32", [2, 3], 6]);
  assert.equal([...(await nested.read())], [1, 2, 3, 4, 5, 6]);
  assert.is(await engine.tensor(7).item(), 7);
  const whole = engine.tensor(Int32Array.of(1, -2, 3, 4), [2, 2]);
  assert.is(whole.dtype, "i32");
  assert.instance(await whole.read(), Int32Array);
  assert.is(engine.tensor(Uint32Array.of(1)).dtype, "u32");
  assert.is(engine.tensor(Float64Array.of(0.1)).dtype, "f32");
  assert.equal([...(await engine.tensor([], [0]).read())], []);
  const part = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  assert.equal([...(await engine.tensor(part).read())], [1, 2]);
});

check("a scope frees what was made in it, save what it returns", async () => {
  const outer = engine.memory().liveBuffers;
  let lost: Tensor | undefined;
  const result = engine.scope(() => {
    lost = engine.ones([4]);
    return { list: [lost.mul(2)], kept: lost.add(1) };
  });
  assert.ok(lost!.isDisposed);
  assert.is(engine.memory().liveBuffers, outer + 2);
  assert.equal([...(await result.list[0]!.read())], [2, 2, 2, 2]);
  refused(() => lost!.add(1), "disposed", /^add: a tensor must be alive, got a disposed one \(full \[4\]\)/);
});

check("what a scope returns belongs to the scope around it", () => {
  let inner: Tensor | undefined;
  engine.scope(() => {
    inner = engine.scope(() => engine.ones([2]));
    assert.not(inner.isDisposed);
  });
  assert.ok(inner!.isDisposed);
});

check("an error leaves a scope as its end does", () => {
  let inner: Tensor | undefined;
  assert.throws(() =>
    engine.scope(() => {
      inner = engine.ones([2]);
      throw new Error("on the way");
    }),
  );
  assert.ok(inner!.isDisposed);
});

check("keep takes a tensor out of its scope, dispose gives it back, and both may come twice", () => {
  const kept = engine.scope(() => engine.ones([2]).keep().keep());
  assert.not(kept.isDisposed);
  kept.dispose();
  kept.dispose();
  assert.ok(kept.isDisposed);
});

tensors("keep outlives everything until dispose", () => {
  const before = engine.memory().liveBuffers;
  let kept: Tensor | undefined;
  engine.scope(() => {
    kept = engine.ones([2]).keep();
  });
  assert.is(engine.memory().liveBuffers, before + 1);
  kept!.dispose();
  assert.is(engine.memory().liveBuffers, before);
});

check("using frees at the end of the block", () => {
  let inside: Tensor | undefined;
  {
    using x = engine.ones([2]);
    inside = x;
  }
  assert.ok(inside.isDisposed);
});

check("an open scope works across awaits", async () => {
  const scope = engine.openScope();
  const x = engine.ones([2]);
  await x.read();
  const y = x.add(1);
  scope.close();
  scope.close();
  assert.ok(x.isDisposed && y.isDisposed);
});

check("a scope refuses a function that returns a promise", () => {
  refused(() => engine.scope(async () => engine.ones([1])), "value", /^scope: the function must be synchronous/);
});

checkOrder("what is written through one wrap of a host's buffer waits for what another wrap of it has recorded", async (one) => {
  const buffer = one.device.createBuffer({ size: 16, usage: usage.storage | usage.copySource | usage.copyDestination });
  const [first, second] = [one.wrap(buffer, [4]), one.wrap(buffer, [4])];
  first.write(new Float32Array([1, 2, 3, 4]));
  const doubled = first.mul(2);
  second.write(new Float32Array([5, 6, 7, 8]));
  assert.equal([...(await doubled.read())], [2, 4, 6, 8]);
  assert.equal([...(await first.read())], [5, 6, 7, 8]);
  buffer.destroy();
});

checkOrder("a later write never overtakes an earlier dispatch", async (one) => {
  const x = one.tensor([1, 2]);
  const before = x.mul(10);
  x.write(Float32Array.of(5, 6));
  const after = x.mul(10);
  x.write(Float32Array.of(7, 8));
  assert.equal([...(await before.read())], [10, 20]);
  assert.equal([...(await after.read())], [50, 60]);
  assert.equal([...(await x.read())], [7, 8]);
});

checkOrder("a read sees what was recorded before it and nothing later", async (one) => {
  const x = one.tensor([1]);
  const first = x.read();
  x.write(Float32Array.of(2));
  const second = x.read();
  x.write(Float32Array.of(3));
  assert.equal([(await first)[0], (await second)[0], await x.item()], [1, 2, 3]);
});

checkOrder("a tensor may be disposed as soon as its use is recorded", async (one) => {
  const x = one.tensor([1, 2, 3]);
  const y = x.mul(2);
  x.dispose();
  const reading = y.read();
  y.dispose();
  // These take over the same buffers.
  const others = [one.tensor([9, 9, 9]), one.full([3], 8)];
  assert.equal([...(await reading)], [2, 4, 6]);
  assert.equal([...(await others[0]!.read())], [9, 9, 9]);
  assert.equal([...(await others[1]!.read())], [8, 8, 8]);
});

checkOrder("two aliases of one buffer free it once", async (one) => {
  const x = one.tensor([1, 2, 3, 4]);
  const y = x.reshape([2, 2]);
  x.dispose();
  const other = one.tensor([9, 9, 9, 9]);
  assert.equal([...(await y.read())], [1, 2, 3, 4]);
  y.dispose();
  assert.equal([...(await other.read())], [9, 9, 9, 9]);
});

checkOrder("a buffer from the pool is never held twice", async (one) => {
  const made: Tensor[] = [];
  for (let round = 0; round < 20; round++) {
    const x = one.full([64], round, { requiresGrad: true });
    x.exp().max().dispose();
    made.push(x.mul(1));
  }
  for (const [round, tensor] of made.entries()) assert.ok((await tensor.read()).every((value) => value === round));
});

tensors("a hundred steps of training end with the memory of ten", async () => {
  const random = randomSource(2);
  const weights = plain.tensor(randomNumbers(random, 64), [64], { requiresGrad: true });
  const step = (): void =>
    plain.scope(() => {
      const x = plain.normal([32, 64]);
      const loss = relu(x.mul(weights)).sum(1).sub(1).pow(2).mean();
      loss.backward();
      const moved = weights.sub(weights.grad!.mul(0.001)).keep();
      weights.grad = null;
      weights.write(new Float32Array(64));
      moved.dispose();
    });
  for (let i = 0; i < 10; i++) step();
  await plain.idle();
  const early = plain.memory();
  for (let i = 0; i < 90; i++) step();
  await plain.idle();
  const late = plain.memory();
  assert.is(late.liveBuffers, early.liveBuffers);
  assert.is(late.liveBytes, early.liveBytes);
  assert.ok(late.pooledBytes <= 2 * early.pooledBytes);
});

tensors("an engine that batches gives the results of one that does not", async () => {
  const before = plain.stats();
  const results: number[][] = [];
  for (const one of [plain, engine]) {
    await scoped(one, async () => {
      one.seed(9);
      let x = one.normal([50, 7]);
      for (let i = 0; i < 400; i++) {
        const column = x.max(1, true);
        x = one.scope(() => x.sub(column.mul(0.01)).add(i % 3 === 0 ? 0.5 : -0.25));
      }
      results.push([...(await x.read())]);
    });
  }
  assert.equal(results[0], results[1]);
  const after = plain.stats();
  const [dispatches, submits] = [after.dispatches - before.dispatches, after.submits - before.submits];
  assert.ok(dispatches > 1600 && submits < 30, `${dispatches} dispatches in ${submits} submits`);
  assert.is(after.readbacks - before.readbacks, 1);
});

tensors("the peaks of memory are those since they were last reset", async () => {
  const own = await testEngine();
  const kilobytes = (count: number): Tensor => own.zeros([256 * count]);
  const expectMemory = (live: number, pooled: number, peakLive: number, peak: number): void => {
    const { liveBytes, pooledBytes, peakLiveBytes, peakBytes } = own.memory();
    assert.equal([liveBytes, pooledBytes, peakLiveBytes, peakBytes].map((bytes) => bytes / 1024), [live, pooled, peakLive, peak]);
  };
  own.scope(() => [kilobytes(64), kilobytes(32)].length);
  expectMemory(0, 96, 96, 96);
  own.resetPeakMemory();
  expectMemory(0, 96, 0, 96);
  const kept = kilobytes(32);
  own.scope(() => void kilobytes(16));
  expectMemory(32, 80, 48, 112);
  own.resetPeakMemory();
  expectMemory(32, 80, 32, 112);
  kept.dispose();
  own.dispose();
  own.resetPeakMemory();
  expectMemory(0, 0, 0, 0);
});

check("stats count dispatches, readbacks and pipelines", async () => {
  const x = engine.ones([5]);
  x.exp();
  const before = engine.stats();
  x.exp();
  x.exp();
  await x.read();
  const after = engine.stats();
  assert.is(after.dispatches - before.dispatches, 2);
  assert.is(after.readbacks - before.readbacks, 1);
  assert.is(after.pipelines, before.pipelines);
});

check("recording waits for nothing: a training step reads nothing back", () => {
  const before = engine.stats().readbacks;
  const w = engine.ones([3], { requiresGrad: true });
  w.mul(2).sum().backward();
  assert.is(engine.stats().readbacks, before);
});

check("a host's buffer of any size is used in place, and left alone", async () => {
  for (const [bytes, count] of [[40, 10], [4, 1], [44, 3], [512, 100]] as const) {
    const buffer = engine.device.createBuffer({
      size: bytes,
      usage: usage.storage | usage.copySource | usage.copyDestination,
    });
    const values = Float32Array.from({ length: count }, (_, i) => i - 1.5);
    engine.device.queue.writeBuffer(buffer, 0, values);
    const x = engine.wrap(buffer, [count], { requiresGrad: true });
    const other = engine.tensor(values);
    const operations: ((t: Tensor) => Tensor)[] = [(t) => t.mul(2), (t) => t.add(other), (t) => relu(t), (t) => t.sum()];
    for (const f of operations) {
      assert.equal([...(await f(x).read())], [...(await f(other).read())]);
    }
    x.mul(x).max().backward();
    assert.is((await x.grad!.read()).length, count);
    x.write(new Float32Array(count).fill(3));
    assert.ok((await x.read()).every((value) => value === 3));
    x.dispose();
    engine.device.queue.writeBuffer(buffer, 0, values);
    buffer.destroy();
  }
});

check("a part of a host's buffer is a tensor", async () => {
  const bits = usage.storage | usage.copySource | usage.copyDestination;
  const buffer = engine.device.createBuffer({ size: 512, usage: bits });
  engine.device.queue.writeBuffer(buffer, 256, Int32Array.of(1, 2, 3));
  const x = engine.wrap(buffer, [3], { offset: 256, dtype: "i32" });
  assert.equal([...(await x.add(1).read())], [2, 3, 4]);
  assert.equal(x.gpu, { buffer, offset: 256, size: 12 });
  engine.tensor(Int32Array.of(7, 8)).copyTo(buffer, 256);
  assert.equal([...(await x.read())], [7, 8, 3]);
  x.dispose();
  buffer.destroy();
});

tensors("an engine on the host's device leaves the device alive", async () => {
  const { device } = engine;
  const guest = Engine.from(device, { debug: true });
  assert.equal([...(await guest.tensor([1, 2]).mul(3).read())], [3, 6]);
  guest.dispose();
  guest.dispose();
  refused(() => guest.tensor([1]), "disposed", /^tensor: the engine must be alive/);
  assert.is(await engine.tensor([4]).sum().item(), 4);
  refused(() => Engine.from({} as never), "engine", /^Engine.from: the argument must be a GPUDevice/);
});

tensors("a disposed engine says so, whatever is asked of it", async () => {
  const other = await testEngine();
  const x = other.tensor([1, 2]);
  other.dispose();
  refused(() => x.add(1), "disposed", /the engine must be alive, got one that was disposed/);
  refused(() => other.zeros([1]), "disposed", /the engine must be alive/);
  refused(() => other.flush(), "disposed", /^flush: the engine must be alive/);
  await rejected(x.read(), "disposed", /the engine must be alive/);
  await rejected(other.idle(), "disposed", /the engine must be alive/);
});

const x = engine.tensor([[1, 2], [3, 4]]);
const buffer = engine.device.createBuffer({ size: 64, usage: usage.storage });
const plainBuffer = engine.device.createBuffer({ size: 64, usage: usage.copySource });
const bad: readonly [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["rows of unequal length", () => engine.tensor([[1, 2], [3]]), "shape", /^tensor: all rows of axis 1 must have 2/],
  ["text as data", () => engine.tensor(["1"] as never), "value", /^tensor: data must be numbers.*got "1"/],
  ["a shape that holds more", () => engine.tensor([1, 2, 3], [2, 2]), "shape", /must hold 4 numbers, got 3/],
  ["a fraction in i32", () => engine.tensor([0.5], { dtype: "i32" }), "value", /whole numbers from .*got 0.5/],
  ["bytes", () => engine.tensor(new Uint8Array(2)), "dtype", /^tensor: data must be a Float32Array/],
  ["an unknown dtype", () => engine.tensor([1], { dtype: "f16" as never }), "dtype", /f32, i32 or u32, got "f16"/],
  ["whole parameters", () => engine.tensor([1], { dtype: "i32", requiresGrad: true }), "dtype", /must be f32/],
  ["a tensor beyond the limit", () => engine.zeros([2 ** 20, 2 ** 20]), "limit", /^full: .*limit of \d+ bytes/],
  ["writing another kind of array", () => x.write(Int32Array.of(1) as never), "dtype", /^write: a f32 tensor must/],
  ["writing too few numbers", () => x.write(Float32Array.of(1)), "shape", /^write: .*must get 4 numbers, got 1/],
  ["wrapping what is no buffer", () => engine.wrap({} as never, [1]), "buffer", /^wrap: .*must be a GPUBuffer/],
  ["wrapping a buffer without STORAGE", () => engine.wrap(plainBuffer, [1]), "buffer", /^wrap: .*usage STORAGE/],
  ["wrapping more than there is", () => engine.wrap(buffer, [17]), "buffer", /^wrap: .*buffer of 64 bytes, got 68/],
  ["wrapping at an odd offset", () => engine.wrap(buffer, [1], { offset: 4 }), "buffer", /^wrap: offset must be a multiple/],
  ["copying to a buffer that is too small", () => engine.ones([17]).copyTo(buffer), "buffer", /^copyTo: 68 bytes/],
  ["copying to a buffer without COPY_DST", () => x.copyTo(buffer), "buffer", /^copyTo: .*COPY_DST/],
];

for (const [name, run, code, message] of bad) {
  check(`refuse ${name}`, () => refused(run, code, message));
}

check("item is refused for more than one element, read for a disposed tensor", async () => {
  await rejected(x.item(), "shape", /^item: the tensor must have one element, got shape \[2, 2\]/);
  const gone = engine.ones([1]);
  gone.dispose();
  await rejected(gone.read(), "disposed", /^read: a tensor must be alive/);
});

tensors.after(() => {
  buffer.destroy();
  plainBuffer.destroy();
});

tensors.run();
