import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defineSolver, Engine, ImleError, perturbAndMap, solve, type Solver, type Tensor } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";

const engine = await testEngine({ debug: false });
const usage = { copySource: 0x4, copyDestination: 0x8, storage: 0x80 };
const anyUse = usage.storage | usage.copySource | usage.copyDestination;

const faults = suite("faults of buffers and devices");

/** What the host's own listener hears: faults of the library's work are told by its errors alone. */
const uncaptured: string[] = [];
engine.device.addEventListener("uncapturederror", ({ error }) => void uncaptured.push(error.message));

async function ownDevice(): Promise<GPUDevice> {
  return (await navigator.gpu.requestAdapter())!.requestDevice();
}

/** Whether the driver refuses to copy from a buffer. */
async function isDestroyed(device: GPUDevice, buffer: GPUBuffer): Promise<boolean> {
  const target = device.createBuffer({ size: 4, usage: usage.copyDestination });
  const encoder = device.createCommandEncoder();
  device.pushErrorScope("validation");
  encoder.copyBufferToBuffer(buffer, 0, target, 0, 4);
  device.queue.submit([encoder.finish()]);
  return (await device.popErrorScope()) !== null;
}

faults("a host's buffer that was destroyed rejects the next read; what came before and after is untouched", async () => {
  const before = engine.tensor([1, 2, 3]).mul(2);
  assert.equal([...(await before.read())], [2, 4, 6]);
  const buffer = engine.device.createBuffer({ size: 16, usage: anyUse });
  const wrapped = engine.wrap(buffer, [4]);
  buffer.destroy();
  const spoilt = wrapped.add(1);
  await rejected(spoilt.read(), "buffer", /the driver must accept the submitted work/);
  refused(() => spoilt.add(1), "buffer", /the driver must accept the submitted work/);
  assert.equal([...(await before.read())], [2, 4, 6]);
  assert.equal([...(await before.add(1).read())], [3, 5, 7]);
});

faults("a host's buffer that is mapped rejects the next read", async () => {
  const buffer = engine.device.createBuffer({ size: 16, usage: anyUse, mappedAtCreation: true });
  const wrapped = engine.wrap(buffer, [4]);
  await rejected(wrapped.add(1).read(), "buffer", /the driver must accept the submitted work/);
  buffer.unmap();
  assert.equal([...(await wrapped.add(1).read())], [1, 1, 1, 1]);
});

faults("a target of copyTo that was destroyed, is mapped or is another device's rejects the next read, and spoils nothing", async () => {
  const x = engine.tensor([1, 2, 3, 4]).mul(2);
  const destroyed = engine.device.createBuffer({ size: 16, usage: anyUse });
  destroyed.destroy();
  const mapped = engine.device.createBuffer({ size: 16, usage: anyUse, mappedAtCreation: true });
  const device = await ownDevice();
  for (const target of [destroyed, mapped, device.createBuffer({ size: 16, usage: anyUse })]) {
    await engine.idle();
    x.copyTo(target);
    await rejected(engine.idle(), "buffer", /the driver must accept the submitted work/);
    assert.equal([...(await x.read())], [2, 4, 6, 8]);
  }
  mapped.unmap();
  x.copyTo(mapped);
  assert.equal([...(await engine.wrap(mapped, [4]).read())], [2, 4, 6, 8]);
  device.destroy();
});

faults("a tensor's buffer that the host destroys rejects the next read; no later tensor is given it", async () => {
  const size = 5000; // of which no other test has any
  const kept = engine.ones([4]);
  const x = engine.ones([size]);
  await x.read();
  x.gpu.buffer.destroy();
  const spoilt = x.sum();
  await rejected(spoilt.read(), "buffer", /the driver must accept the submitted work/);
  refused(() => spoilt.add(1), "buffer", /the driver must accept the submitted work/);
  x.dispose();
  for (let turn = 0; turn < 2; turn++) {
    const [made, uploaded] = [engine.ones([size]), engine.tensor(new Float32Array(size).fill(1))];
    assert.is(await made.add(uploaded).sum().item(), 2 * size);
  }

  // One that lies in the pool: what is written there is lost, and its tensor says so.
  const uploaded = engine.tensor(new Float32Array(2 * size));
  await uploaded.read();
  const { buffer } = uploaded.gpu;
  uploaded.dispose();
  buffer.destroy();
  const next = engine.tensor(new Float32Array(2 * size));
  await rejected(engine.idle(), "buffer", /write: the driver must accept/);
  refused(() => next.add(1), "buffer", /write: the driver must accept/);
  next.dispose();
  assert.is(await engine.tensor(new Float32Array(2 * size)).sum().item(), 0);
  assert.equal([...(await kept.read())], [1, 1, 1, 1]);
});

faults("a captured step whose result the host destroys rejects at each call; disposed and captured again it goes on", async () => {
  const weight = engine.ones([300]);
  const capture = () => engine.capture(() => weight.mul(2));
  const step = capture();
  step();
  const result = step();
  await result.read();
  result.gpu.buffer.destroy();
  for (let turn = 0; turn < 2; turn++) await rejected(step().read(), "buffer", /the driver must accept/);
  step.dispose();
  const again = capture();
  again();
  assert.is(await again().sum().item(), 600);
  again.dispose();
});

faults("two tensors on one buffer each see what the other writes, in order; copies within it are refused at once", async () => {
  const buffer = engine.device.createBuffer({ size: 1024, usage: anyUse });
  const [first, second, behind] = [0, 0, 256].map((offset) => engine.wrap(buffer, [2], { offset })) as [Tensor, Tensor, Tensor];
  first.write(Float32Array.of(1, 2));
  const sum = first.add(second);
  second.write(Float32Array.of(5, 6));
  behind.write(first.mul(10));
  assert.equal([...(await sum.read())], [2, 4]);
  assert.equal([...(await first.read())], [5, 6]);
  assert.equal([...(await behind.read())], [50, 60]);

  const own = engine.ones([2]);
  const { dispatches } = engine.stats();
  refused(() => first.copyTo(buffer, 256), "buffer", /copy: .* got one buffer for both/);
  refused(() => behind.write(first), "buffer", /copy: .* got one buffer for both/);
  refused(() => own.copyTo(own.gpu.buffer, 64), "buffer", /copy: .* got one buffer for both/);
  const parameter = engine.wrap(buffer, [2], { requiresGrad: true });
  refused(() => (parameter.grad = behind), "buffer", /grad: a gradient must lie in a buffer of its own/);
  assert.is(parameter.grad, null);
  assert.is(engine.stats().dispatches, dispatches);
});

faults("WGSL that does not compile is told at every call, and spoils no later work that reuses its buffers", async () => {
  const solverOf = (line: string): Solver =>
    defineSolver({
      name: "faulty",
      sense: "max",
      workspace: () => 4,
      strategies: { lane: [{ wgsl: `fn solve() {\n  work_store(0u, 1u);\n  ${line}\n}` }] },
    });
  const [good, bad] = [solverOf("emit(0u, i32(work_load(0u)));"), solverOf("emit(0u, nowhere);")];
  const weights = engine.zeros([1, 2]);
  for (let turn = 0; turn < 3; turn++) {
    assert.equal([...(await solve(good, weights).read())], [1, 0]);
    await rejected(solve(bad, weights).read(), "wgsl", /faulty \(lane\):3: .*nowhere/);
  }
  const unclosed = solverOf("emit(0u, 1); }");
  await rejected(solve(unclosed, weights).read(), "wgsl", /must compile/);
});

faults("what a solver emits beyond its state reaches no other instance", async () => {
  const wild = defineSolver({
    name: "wild",
    sense: "max",
    strategies: { lane: [{ wgsl: "fn solve() { emit(size(), 1); emit(0xffffffffu, 1); }" }] },
  });
  const weights = engine.zeros([3, 2]);
  for (const output of ["mean", "counts", "samples"] as const) {
    for (const samples of [1, 2]) {
      const states = await perturbAndMap(wild, weights, { output, samples }).read();
      assert.ok(states.every((state) => state === 0), `${output}, ${samples}`);
    }
  }
});

faults("a buffer of another device rejects the next read, and the engine goes on", async () => {
  const device = await ownDevice();
  const foreign = engine.wrap(device.createBuffer({ size: 16, usage: anyUse }), [4]);
  const spoilt = foreign.add(1);
  await rejected(spoilt.read(), "buffer", /the driver must accept/);
  refused(() => spoilt.add(1), "buffer", /the driver must accept/);
  foreign.write(Float32Array.of(1, 2, 3, 4));
  await rejected(engine.idle(), "buffer", /write: the driver must accept/);
  assert.equal([...(await engine.ones([2]).read())], [1, 1]);
  device.destroy();
});

faults("new elements for a wrapped buffer that was destroyed reject the next read, and spoil nothing else", async () => {
  const buffer = engine.device.createBuffer({ size: 16, usage: anyUse });
  const wrapped = engine.wrap(buffer, [4]);
  const other = engine.ones([4]).mul(3);
  buffer.destroy();
  wrapped.write(Float32Array.of(1, 2, 3, 4));
  await rejected(engine.idle(), "buffer", /write: the driver must accept/);
  assert.equal([...(await other.add(1).read())], [4, 4, 4, 4]);
});

faults("an upload is not refused with the submission that is recorded beside it", async () => {
  await engine.idle();
  const uploaded = engine.tensor([1, 2, 3, 4]);
  const buffer = engine.device.createBuffer({ size: 16, usage: anyUse });
  const wrapped = engine.wrap(buffer, [4]);
  buffer.destroy();
  const spoilt = wrapped.add(uploaded);
  await rejected(spoilt.read(), "buffer", /the driver must accept/);
  assert.equal([...(await uploaded.add(1).read())], [2, 3, 4, 5]);
});

faults("a buffer without the usage, size or alignment that is needed is refused at once", async () => {
  const buffer = engine.device.createBuffer({ size: 64, usage: anyUse });
  const bare = engine.device.createBuffer({ size: 64, usage: usage.copyDestination });
  refused(() => engine.wrap(bare, [4]), "buffer", /usage STORAGE/);
  refused(() => engine.wrap(buffer, [17]), "buffer", /must fit the buffer of 64 bytes/);
  refused(() => engine.wrap(buffer, [4], { offset: 16 }), "buffer", /multiple of 256/);
  refused(() => engine.wrap({} as never, [4]), "buffer", /must be a GPUBuffer/);
  const most = Math.min(engine.device.limits.maxBufferSize, engine.device.limits.maxStorageBufferBindingSize);
  const huge = { size: 2 * most, usage: anyUse } as GPUBuffer;
  refused(() => engine.wrap(huge, [most / 4 + 1]), "limit", /wrap: a tensor must fit the adapter's limit/);
  for (const bits of [0x1, 0x2, 0x10000, 1.5, "VERTEX"]) {
    refused(() => engine.zeros([2], { usage: bits as number }), "value", /usage must be bits of GPUBufferUsage that go with STORAGE/);
  }
  const x = engine.ones([4]);
  // Made for the kernels alone: what must copy says so, before anything is recorded.
  const { stats } = engine;
  const plain = engine.wrap(engine.device.createBuffer({ size: 64, usage: usage.storage }), [4]);
  const before = stats.call(engine);
  refused(() => plain.write(Float32Array.of(1, 2, 3, 4)), "buffer", /write: a wrapped buffer must have the usage COPY_DST/);
  refused(() => plain.write(x), "buffer", /COPY_DST/);
  refused(() => plain.copyTo(buffer), "buffer", /copy: a wrapped buffer must have the usage COPY_SRC/);
  assert.equal(stats.call(engine), before);
  assert.equal([...(await plain.add(x).read())], [1, 1, 1, 1]);
  await rejected(plain.read(), "buffer", /read: a wrapped buffer must have the usage COPY_SRC/);
  refused(() => x.copyTo(buffer, 56), "buffer", /must fit a buffer of 64/);
  const unwritable = engine.device.createBuffer({ size: 64, usage: usage.storage });
  refused(() => x.copyTo(unwritable), "buffer", /COPY_DST/);
});

faults("a disposed engine refuses every call with the same code, twice too, and leaves the host's device alone", async () => {
  const device = await ownDevice();
  const own = Engine.from(device);
  const x = own.ones([3]);
  own.flush();
  const { buffer } = x.gpu;
  own.dispose();
  own.dispose();
  const { liveBuffers, liveBytes, pooledBytes } = own.memory();
  assert.equal([liveBuffers, liveBytes, pooledBytes], [0, 0, 0]);
  assert.ok(await isDestroyed(device, buffer), "what the engine made is given back to the driver");
  for (const call of [() => own.zeros([1]), () => x.add(1), () => own.flush(), () => x.gpu, () => own.tensor([1])]) {
    refused(call, "disposed", /the engine must be alive/);
  }
  await rejected(x.read(), "disposed", /the engine must be alive/);
  x.dispose();
  const again = Engine.from(device);
  assert.equal([...(await again.ones([2]).read())], [1, 1]);
  again.dispose();
  device.destroy();
});

faults("a lost device is told by engine.lost, and every later call throws the same typed error", async () => {
  const device = await ownDevice();
  const own = Engine.from(device);
  const x = own.ones([3]);
  await x.read();
  const pending = x.add(1).read();
  device.destroy();
  const outcome = await pending.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(outcome === null || (outcome instanceof ImleError && outcome.code === "device-lost"), String(outcome));
  assert.is((await own.lost).reason, "destroyed");
  await Promise.resolve();
  refused(() => x.add(1), "device-lost", /the device must be alive/);
  await rejected(x.read(), "device-lost", /the device must be alive/);
  await rejected(own.idle(), "device-lost", /the device must be alive/);
});

faults("what is no device, and no WebGPU, is told with what to do", async () => {
  refused(() => Engine.from({} as never), "engine", /must be a GPUDevice/);
  const nowhere = { requestAdapter: async () => null } as unknown as GPU;
  await rejected(Engine.create({ gpu: nowhere }), "adapter", /must have a WebGPU adapter, got none/);
  await rejected(Engine.create(7 as never), "value", /options must be among gpu/);
  await rejected(Engine.create({ tunning: {} } as never), "value", /got tunning/);
  await rejected(Engine.create({ gpu: {} as never }), "value", /gpu must be what navigator.gpu is/);
  await rejected(Engine.create({ powerPreference: "low" as never }), "value", /powerPreference must be/);
  await rejected(Engine.create({ debug: 1 as never }), "value", /debug must be true or false/);
  await rejected(Engine.create({ tuning: null as never }), "value", /tuning: options must be/);
});

faults("a tensor beyond the adapter's limit is refused before it is allocated", () => {
  const before = engine.memory();
  const most = Math.min(engine.device.limits.maxBufferSize, engine.device.limits.maxStorageBufferBindingSize);
  refused(() => engine.zeros([most / 4 + 1]), "limit", /adapter's limit of \d+ bytes/);
  assert.equal(engine.memory(), before);
});

faults("none of all this is an uncaptured error of the host's device", () => {
  assert.equal(uncaptured, []);
});

faults.run();
