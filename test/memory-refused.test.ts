import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, SGD, type Tensor } from "webgpu-imle";
import { refused, rejected } from "./support/errors.js";

const megabyte = 2 ** 20;

/**
 * A device on which buffers as large as `room`, in bytes, get no memory, as a driver says it: the buffer that comes back
 * is invalid, and the error arrives by the scope. All else is the adapter's own.
 */
async function scarceDevice(room = 4 * megabyte): Promise<{ device: GPUDevice; refusals: () => number }> {
  const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const [createBuffer, push, pop] = [device.createBuffer, device.pushErrorScope, device.popErrorScope].map((method) =>
    (method as (...values: unknown[]) => unknown).bind(device),
  ) as [GPUDevice["createBuffer"], GPUDevice["pushErrorScope"], GPUDevice["popErrorScope"]];
  const scopes: { filter: GPUErrorFilter; error: GPUError | null }[] = [];
  let count = 0;
  device.pushErrorScope = (filter) => (scopes.push({ filter, error: null }), push(filter));
  device.popErrorScope = async () => {
    const { error } = scopes.pop()!;
    const own = await pop();
    return error ?? own;
  };
  device.createBuffer = (descriptor) => {
    if (descriptor.size < room) return createBuffer(descriptor);
    count++;
    const scope = scopes.findLast(({ filter }) => filter === "out-of-memory");
    assert.ok(scope, "an allocation must be made under an error scope");
    scope.error ??= { message: "no memory left" };
    push("validation"); // the driver's own complaint of the size below is not the library's
    const invalid = createBuffer({ ...descriptor, size: 2 * device.limits.maxBufferSize });
    void pop();
    return invalid;
  };
  return { device, refusals: () => count };
}

const memory = suite("memory that is refused");

memory("is told by the next read; what had to do with it throws, what was there before is untouched", async () => {
  const { device } = await scarceDevice();
  const engine = Engine.from(device);
  const before = engine.tensor([1, 2, 3]).mul(2);
  await engine.idle();
  const held = engine.memory();

  const large = engine.zeros([megabyte]);
  const sum = large.sum();
  await rejected(sum.read(), "limit", /must have room for 4194304 bytes, got no memory left/);
  for (const spoilt of [large, sum]) refused(() => spoilt.add(1), "limit", /must have room/);
  await rejected(large.read(), "limit", /must have room/);
  assert.is(engine.memory().liveBytes, held.liveBytes + 256, "what has no memory counts for none");
  assert.is(engine.memory().liveBuffers, held.liveBuffers + 1);
  large.dispose();
  sum.dispose();
  assert.is(engine.memory().liveBytes, held.liveBytes);

  assert.equal([...(await before.read())], [2, 4, 6]);
  assert.equal([...(await before.add(1).read())], [3, 5, 7]);
  const smaller = engine.ones([megabyte / 2]).sum();
  assert.is(await smaller.item(), megabyte / 2, "less fits");
  engine.dispose();
  device.destroy();
});

memory("is asked for again where it is needed again: a buffer that has none is not reused", async () => {
  const { device, refusals } = await scarceDevice();
  const engine = Engine.from(device);
  for (let turn = 1; turn <= 3; turn++) {
    engine.scope(() => void engine.zeros([megabyte]));
    if (turn < 3) await rejected(engine.idle(), "limit", /must have room/);
    assert.is(refusals(), turn);
  }
  await rejected(engine.idle(), "limit", /must have room/);
  await engine.idle();
  const { liveBuffers, liveBytes, pooledBytes } = engine.memory();
  assert.equal([liveBuffers, liveBytes, pooledBytes], [0, 0, 0]);
  engine.dispose();
  device.destroy();
});

memory("counts for no peak, whatever was reached beside it before the driver said no", async () => {
  const { device } = await scarceDevice();
  const engine = Engine.from(device);
  const small = engine.zeros([megabyte / 4]);
  await engine.idle();
  const before = engine.memory();
  const refusedOnes = [engine.zeros([megabyte]), engine.zeros([2 * megabyte])];
  const beside = engine.zeros([megabyte / 4]);
  refusedOnes.pop()!.dispose();
  const last = engine.zeros([megabyte / 4]); // live where one that is refused is live no more
  assert.ok(engine.memory().peakBytes >= before.peakBytes + 14 * megabyte, "nobody has said no yet");
  await rejected(engine.idle(), "limit", /must have room/);
  const peaks = () => [engine.memory().peakBytes, engine.memory().peakLiveBytes];
  const had = [before.peakBytes + 2 * megabyte, before.peakLiveBytes + 2 * megabyte];
  assert.equal(peaks(), had, "only the small ones were had");
  for (const tensor of [...refusedOnes, beside, last, small]) tensor.dispose();
  await engine.idle();
  assert.equal(peaks(), had);
  engine.resetPeakMemory();
  assert.equal(peaks(), [engine.memory().pooledBytes + engine.memory().liveBytes, engine.memory().liveBytes]);
  engine.dispose();
  device.destroy();
});

memory("for an upload, for the bytes of a read and for a captured step is told in the same way", async () => {
  const { device } = await scarceDevice();
  const engine = Engine.from(device);
  const upload = engine.tensor(new Float32Array(megabyte));
  await rejected(upload.read(), "limit", /must have room/);
  upload.dispose();
  await engine.idle();

  // A little less fits the tensor, and not the read's own buffer, whose size is a power of two.
  const near = engine.ones([(3 * megabyte) / 4]);
  await engine.idle();
  await rejected(near.read(), "limit", /must have room for 4194304 bytes/);
  assert.is(await near.sum().item(), (3 * megabyte) / 4);

  const weight = engine.zeros([1], { requiresGrad: true });
  const optimiser = new SGD({ parameters: [weight], learningRate: 1 });
  let size = 4;
  const step = engine.capture(() => {
    optimiser.zeroGrad();
    const loss = engine.ones([size]).mul(weight).sum();
    loss.backward();
    optimiser.step();
    return loss;
  });
  step();
  await engine.idle();
  size = megabyte;
  await rejected((step() as Tensor).read(), "limit", /must have room/);
  refused(() => step(), "limit", /must have room/);
  step.dispose();
  await engine.idle();
  assert.equal([...(await engine.ones([2]).read())], [1, 1]);
  engine.dispose();
  device.destroy();
});

memory("for the engine's own uniforms is told by the first read, and is no uncaptured error of the host's", async () => {
  const { device } = await scarceDevice(2 ** 16);
  const uncaptured: string[] = [];
  device.addEventListener("uncapturederror", ({ error }) => void uncaptured.push(error.message));
  const engine = Engine.from(device);
  await rejected(engine.ones([3]).mul(2).read(), "limit", /must have room for 65536 bytes/);
  engine.dispose();
  assert.equal(uncaptured, []);
  device.destroy();
});

memory("by the driver itself: the adapter's largest tensor is there, or refused in this way", async () => {
  const engine = await Engine.create();
  const { maxBufferSize, maxStorageBufferBindingSize } = engine.device.limits;
  const before = engine.memory();
  const largest = engine.zeros([Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize, 2 ** 30) / 4)]);
  const error = await engine.idle().then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error === null) assert.is(await largest.max().item(), 0);
  else {
    await rejected(Promise.reject(error), "limit", /must have room/);
    assert.is(engine.memory().liveBytes, before.liveBytes);
    refused(() => largest.add(1), "limit", /must have room/);
  }
  largest.dispose();
  assert.equal([...(await engine.ones([2]).read())], [1, 1]);
  engine.dispose();
});

memory.run();
