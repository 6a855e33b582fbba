import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, imle, type ImleError, optionalFeatures, requiredLimits, solve, type Tensor, topK } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";

const engine = await testEngine({ debug: false });
const { device } = engine;
const usage = { copySource: 0x4, copyDestination: 0x8, storage: 0x80 };
const anyUse = usage.storage | usage.copySource | usage.copyDestination;

/** What a promise is rejected with; null where it resolves. */
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

/** What the host's own listener hears: what is not the host's own doing must not be among it. */
const uncaptured: string[] = [];
device.addEventListener("uncapturederror", ({ error }) => void uncaptured.push(error.message));

const host = suite("inside of a host's encoder");

host("what is recorded runs in the host's order, and its results are there for the host's own commands", async () => {
  const buffer = device.createBuffer({ size: 16, usage: anyUse });
  const copied = engine.wrap(device.createBuffer({ size: 16, usage: anyUse }), [4]);
  device.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
  const x = engine.wrap(buffer, [4]);
  const encoder = device.createCommandEncoder();
  const before = engine.stats().submits;
  const y = engine.record(encoder, () => engine.scope(() => x.mul(2).add(1)));
  encoder.copyBufferToBuffer(y.gpu.buffer, 0, copied.gpu.buffer, 0, 16);
  assert.is(engine.stats().submits, before);
  device.queue.submit([encoder.finish()]);
  engine.submitted();
  assert.equal([...(await copied.read())], [3, 5, 7, 9]);
  assert.equal([...(await y.read())], [3, 5, 7, 9]);
});

host("uniforms of hundreds of dispatches, in several encoders submitted at once, keep their values", async () => {
  const sums = [0, 1].map((first) => {
    const encoder = device.createCommandEncoder();
    const sum = engine.record(encoder, () =>
      engine.scope(() => {
        let y = engine.full([1], first);
        for (let i = 0; i < 300; i++) y = y.add(i);
        return y;
      }),
    );
    return { encoder, sum };
  });
  device.queue.submit(sums.map(({ encoder }) => encoder.finish()));
  engine.submitted();
  assert.equal(await Promise.all(sums.map(({ sum }) => sum.item())), [44850, 44851]);
});

host("what is freed between is used again only after engine.submitted()", async () => {
  const kept = engine.full([1000], 1);
  await kept.read();
  const encoder = device.createCommandEncoder();
  const y = engine.record(encoder, () => kept.add(1));
  const { liveBuffers } = engine.memory();
  kept.dispose();
  assert.is(engine.memory().liveBuffers, liveBuffers);
  device.queue.submit([encoder.finish()]);
  engine.submitted();
  assert.is(engine.memory().liveBuffers, liveBuffers - 1);
  assert.is((await y.read())[999], 2);
});

host("captured steps replay inside, several times in one encoder, each with its own noise", async () => {
  const draws: number[][] = [];
  for (const hosted of [false, true]) {
    engine.seed(4);
    const total = engine.zeros([4]);
    const step = engine.capture(() => total.write(total.mul(3).add(engine.uniform([4]))));
    for (let i = 0; i < 3; i++) step();
    if (hosted) {
      const encoder = device.createCommandEncoder();
      engine.record(encoder, () => [step(), step()]);
      device.queue.submit([encoder.finish()]);
      engine.submitted();
    } else for (let i = 0; i < 2; i++) step();
    step();
    draws.push([...(await total.read())]);
  }
  assert.equal(draws[1], draws[0]);
});

host("what would come before the host's submit is refused, and afterwards all goes on", async () => {
  const x = engine.ones([3]);
  const leaf = engine.ones([3], { requiresGrad: true });
  const loss = leaf.mul(2).sum();
  const encoder = device.createCommandEncoder();
  const y = engine.record(encoder, () => {
    const sum = x.add(1);
    refused(() => sum.write(Float32Array.of(1, 2, 3)), "engine", /must keep its tensors until it is submitted/);
    refused(() => engine.record(encoder, () => {}), "engine", /got a call inside of another/);
    return sum;
  });
  refused(() => x.add(1), "engine", /add: the host must have submitted/);
  refused(() => engine.tensor([1]), "engine", /tensor: the host must have submitted/);
  refused(() => loss.backward(), "engine", /backward: the host must have submitted/);
  refused(() => x.write(Float32Array.of(1, 2, 3)), "engine", /write: the host must have submitted/);
  await rejected(y.read(), "engine", /must be submitted before anything is read/);
  await rejected(engine.idle(), "engine", /the host must have submitted/);
  device.queue.submit([encoder.finish()]);
  engine.submitted();
  engine.submitted();
  assert.equal([...(await y.read())], [2, 2, 2]);
  loss.backward(); // what was refused has not used the tape up
  assert.equal([...(await leaf.grad!.read())], [2, 2, 2]);
  refused(() => engine.record({} as never, () => {}), "value", /must be a GPUCommandEncoder/);
  const unused = device.createCommandEncoder();
  refused(() => engine.record(unused, async () => {}), "value", /must be synchronous/);
  engine.submitted();
});

host("a read that is refused takes no error that another is to have", async () => {
  const x = engine.ones([3]);
  const gone = device.createBuffer({ size: 16, usage: anyUse });
  const wrapped = engine.wrap(gone, [4]);
  gone.destroy();
  const encoder = device.createCommandEncoder();
  engine.record(encoder, () => engine.scope(() => void x.add(1)));
  const early = outcome(x.read());
  device.queue.submit([encoder.finish()]);
  engine.submitted();
  engine.scope(() => void wrapped.add(1));
  engine.flush();
  assert.is(((await early) as ImleError).code, "engine");
  await rejected(engine.idle(), "buffer", /the driver must accept/);
});

host("a host that submits before engine.flush() sees what was there before, and after it what was recorded", async () => {
  const shared = engine.wrap(device.createBuffer({ size: 16, usage: anyUse }), [4]);
  const copies = [0, 1].map(() => engine.wrap(device.createBuffer({ size: 16, usage: anyUse }), [4]));
  shared.write(Float32Array.of(1, 2, 3, 4));
  await engine.idle();
  shared.write(shared.mul(10)); // recorded, and not yet submitted
  const hostCopies = (target: Tensor): void => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(shared.gpu.buffer, 0, target.gpu.buffer, 0, 16);
    device.queue.submit([encoder.finish()]);
  };
  hostCopies(copies[0]!);
  engine.flush();
  hostCopies(copies[1]!);
  assert.equal([...(await copies[0]!.read())], [1, 2, 3, 4]);
  assert.equal([...(await copies[1]!.read())], [10, 20, 30, 40]);
});

host("a host's own submits between calls neither end nor change what is recorded", async () => {
  const theirs = device.createBuffer({ size: 16, usage: anyUse });
  let x = engine.ones([4]);
  for (let i = 0; i < 5; i++) {
    x = x.add(1);
    const encoder = device.createCommandEncoder();
    encoder.clearBuffer(theirs);
    device.queue.submit([encoder.finish()]);
    device.queue.writeBuffer(theirs, 0, Float32Array.of(i, i, i, i));
  }
  assert.equal([...(await x.read())], [6, 6, 6, 6]);
  assert.equal([...(await engine.wrap(theirs, [4]).read())], [4, 4, 4, 4]);
});

host("an engine that is disposed while an encoder waits leaves the host what it has to submit", async () => {
  const own = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const going = Engine.from(own);
  const target = own.createBuffer({ size: 16, usage: anyUse });
  const encoder = own.createCommandEncoder();
  going.record(encoder, () => going.scope(() => going.ones([4]).mul(7).copyTo(target)));
  going.dispose();
  own.pushErrorScope("validation");
  own.queue.submit([encoder.finish()]);
  assert.is(await own.popErrorScope(), null);
  refused(() => going.submitted(), "disposed", /must be alive/);
  const next = Engine.from(own);
  assert.equal([...(await next.wrap(target, [4]).read())], [7, 7, 7, 7]);
  own.destroy();
});

host("a function that throws leaves the encoder to the host, and after submitted() all goes on", async () => {
  const kept = engine.ones([3]);
  const encoder = device.createCommandEncoder();
  const mine = new Error("the host's own");
  let thrown: unknown;
  try {
    engine.record(encoder, () => {
      engine.scope(() => void kept.add(1));
      throw mine;
    });
  } catch (error) {
    thrown = error;
  }
  assert.is(thrown, mine);
  device.pushErrorScope("validation");
  device.queue.submit([encoder.finish()]);
  assert.is(await device.popErrorScope(), null, "what was recorded before is whole");
  engine.submitted();
  assert.equal([...(await kept.add(1).read())], [2, 2, 2]);
});

host("an encoder that is never submitted has done nothing, and after submitted() all goes on", async () => {
  const target = device.createBuffer({ size: 16, usage: anyUse });
  engine.record(device.createCommandEncoder(), () => engine.scope(() => engine.ones([4]).copyTo(target)));
  engine.submitted();
  await engine.idle();
  assert.equal([...(await engine.wrap(target, [4]).read())], [0, 0, 0, 0]);
});

host("an engine that is disposed while it records leaves the host a whole encoder", async () => {
  const own = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const going = Engine.from(own);
  const target = own.createBuffer({ size: 16, usage: anyUse });
  const encoder = own.createCommandEncoder();
  going.record(encoder, () => {
    going.full([4], 7).copyTo(target);
    going.dispose();
    refused(() => going.ones([1]), "disposed", /must be alive/);
  });
  own.pushErrorScope("validation");
  own.queue.submit([encoder.finish()]);
  assert.is(await own.popErrorScope(), null);
  assert.equal([...(await Engine.from(own).wrap(target, [4]).read())], [7, 7, 7, 7]);
  own.destroy();
});

host("what the host itself makes invalid in an encoder is told to the host, and the engine goes on", async () => {
  const small = device.createBuffer({ size: 16, usage: anyUse });
  const gone = device.createBuffer({ size: 16, usage: anyUse });
  const wrapped = engine.wrap(gone, [4]);
  gone.destroy();
  const spoil: readonly ((encoder: GPUCommandEncoder) => void)[] = [
    (encoder) => encoder.clearBuffer(small, 0, 64),
    (encoder) => engine.record(encoder, () => engine.scope(() => void wrapped.add(1))),
  ];
  for (const one of spoil) {
    const target = device.createBuffer({ size: 16, usage: anyUse });
    const encoder = device.createCommandEncoder();
    device.pushErrorScope("validation");
    engine.record(encoder, () => engine.scope(() => engine.ones([4]).copyTo(target)));
    one(encoder);
    device.queue.submit([encoder.finish()]);
    assert.ok((await device.popErrorScope()) !== null, "the host is told");
    engine.submitted();
    await engine.idle();
    assert.equal([...(await engine.wrap(target, [4]).read())], [0, 0, 0, 0], "none of it has run");
  }
});

host("a pass that the host has left open makes the encoder invalid; what was there goes on", async () => {
  const encoder = device.createCommandEncoder();
  device.pushErrorScope("validation");
  const pass = encoder.beginComputePass();
  engine.record(encoder, () => engine.scope(() => void engine.ones([2])));
  pass.end();
  device.queue.submit([encoder.finish()]);
  assert.ok((await device.popErrorScope()) !== null, "the host is told");
  engine.submitted();
  // wgpu refuses the recording itself, Dawn the encoder as a whole.
  const error = await outcome(engine.idle());
  assert.ok(error === null || (error as ImleError).code === "buffer", String(error));
  assert.equal([...(await engine.ones([1]).read())], [1]);
});

host("an encoder that is finished already rejects the next read", async () => {
  const encoder = device.createCommandEncoder();
  encoder.finish();
  engine.record(encoder, () => engine.scope(() => void engine.ones([2])));
  engine.submitted();
  await rejected(engine.idle(), "buffer", /record: the driver must accept/);
  assert.equal([...(await engine.ones([1]).read())], [1]);
});

host("an encoder of another device is told to the host alone, by that device, and the engine goes on", async () => {
  const other = await (await navigator.gpu.requestAdapter())!.requestDevice();
  other.pushErrorScope("validation");
  const encoder = other.createCommandEncoder();
  engine.record(encoder, () => engine.scope(() => void engine.ones([2]).add(1)));
  other.queue.submit([encoder.finish()]);
  assert.ok((await other.popErrorScope()) !== null, "the host is told");
  engine.submitted();
  await engine.idle();
  assert.equal([...(await engine.ones([1]).read())], [1]);
  other.destroy();
});

const sharing = suite("one device, several owners");

sharing("two engines and the host share a device; one is disposed, and the others go on", async () => {
  const own = await (await navigator.gpu.requestAdapter())!.requestDevice(); // default limits, no features
  const [first, second] = [Engine.from(own), Engine.from(own)];
  const x = first.tensor([3, 1, 2]);
  first.flush();
  const y = second.wrap(x.gpu.buffer, [3]).mul(2);
  assert.equal([...(await y.read())], [6, 2, 4]);
  refused(() => x.add(y), "engine", /of one engine/);
  first.dispose();
  first.dispose();
  assert.equal([...(await solve(topK(1), second.tensor([[1, 2, 0]])).read())], [0, 1, 0]);
  const buffer = own.createBuffer({ size: 16, usage: anyUse });
  own.queue.writeBuffer(buffer, 0, Float32Array.of(5, 6, 7, 8));
  assert.equal([...(await second.wrap(buffer, [4]).read())], [5, 6, 7, 8]);
  second.dispose();
  const third = Engine.from(own);
  assert.equal([...(await third.wrap(buffer, [4]).add(1).read())], [6, 7, 8, 9]);
  own.destroy();
});

sharing("handlers of the host are not taken over, and what is needed of a device is published", async () => {
  const own = await (await navigator.gpu.requestAdapter())!.requestDevice({ requiredLimits });
  const handler = (): void => {};
  own.onuncapturederror = handler;
  let listeners = 0;
  const { addEventListener, removeEventListener } = own;
  own.addEventListener = (...values: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(own, values);
  };
  own.removeEventListener = (...values: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(own, values);
  };
  const shared = Engine.from(own);
  await shared.ones([1]).read();
  const { signal } = new AbortController();
  await shared.prepare(topK(1), [[1, 3]], { signal });
  shared.dispose();
  assert.is(own.onuncapturederror, handler);
  assert.is(listeners, 0, "a disposed engine listens to nothing");
  assert.ok(Object.values(requiredLimits).every((limit) => limit > 0));
  assert.ok(optionalFeatures.every((feature) => typeof feature === "string"));
  own.destroy();
});

const ends = suite("ends of engines");

for (const end of ["lost", "disposed"] as const) {
  ends(`reads, waits and compilations under way reject with one error when the device is ${end}`, async () => {
    const own = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const ending = Engine.from(own);
    const x = ending.ones([4]);
    await x.read();
    const layer = imle(topK(3), { samples: 3 });
    const pending = [x.add(1).read(), ending.idle(), ending.prepare(layer, [[2, 70], [2, 700]]), x.mul(2).read()];
    if (end === "lost") own.destroy();
    else ending.dispose();
    const errors = (await Promise.all(pending.map(outcome))).filter((error) => error !== null);
    const code = end === "lost" ? "device-lost" : "disposed";
    assert.ok(errors.length === pending.length || (end === "lost" && errors.length > 0), `${errors.length} rejected`);
    for (const error of errors) {
      assert.is(error, errors[0]);
      assert.is((error as ImleError).code, code, String(error));
    }
    await rejected(x.read(), code, /must be alive/);
    ending.dispose();
    own.destroy();
  });
}

ends("compiling ahead can be aborted, before it begins and between two kernels", async () => {
  const layer = imle(topK(4), { samples: 2 });
  const controller = new AbortController();
  const preparing = engine.prepare(layer, [[3, 40], [3, 400]], { signal: controller.signal });
  controller.abort(new Error("no longer wanted"));
  const { pipelines } = engine.stats();
  assert.match(String(await outcome(preparing)), /no longer wanted/);
  assert.is(engine.stats().pipelines, pipelines + 1, "the kernel in hand is compiled");
  assert.match(String(await outcome(engine.prepare(layer, [[3, 40]], { signal: controller.signal }))), /no longer wanted/);
  await engine.prepare(layer, [[3, 40]], { signal: new AbortController().signal });
  await rejected(engine.prepare(layer, [[3, 40]], { sign: 1 } as never), "value", /sign/);
  await rejected(engine.prepare(layer, [[3, 40]], { signal: 1 } as never), "value", /signal must be an AbortSignal/);
  await rejected(engine.prepare({} as never, [[3, 40]]), "value", /must be a solver, a layer or a loss/);
  await rejected(engine.prepare(layer, undefined as never), "value", /must be an array of shapes/);
  await rejected(engine.prepare(layer, [3, 40] as never), "shape", /prepare: a shape must be an array/);
});

ends("none of all this is an uncaptured error of the host's device", () => {
  assert.equal(uncaptured, []);
});

host.run();
sharing.run();
ends.run();
