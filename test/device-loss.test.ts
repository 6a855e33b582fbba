import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  Adam,
  Dropout,
  Engine,
  imle,
  ImleError,
  Linear,
  loadSafetensors,
  pid,
  relu,
  saveSafetensors,
  Sequential,
  squaredError,
  sumOfGamma,
  topK,
} from "webgpu-imle";
import { refused, rejected } from "./support/errors.js";

const loss = suite("a device that is lost");

const ownDevice = async (): Promise<GPUDevice> => (await navigator.gpu.requestAdapter())!.requestDevice();

/** A training with all that has a state: layers, moments, and three streams of random numbers. */
function makeTraining(engine: Engine) {
  engine.seed(7);
  const dropout = new Dropout(engine, 0.2);
  const network = new Sequential(new Linear(engine, 6, 8), relu, dropout, new Linear(engine, 8, 6));
  const optimiser = new Adam({ parameters: network.parameters, learningRate: 0.05 });
  const choose = imle(topK(2), { noise: sumOfGamma({ kappa: 2 }), samples: 4, target: pid({ lambda: 10 }) });
  const state = { network: network.state, optimiser: optimiser.state };
  const forward = () => {
    const x = engine.uniform([5, 6]); // the engine's own stream
    return squaredError(choose(network.forward(x)), x.mul(0.5));
  };
  return {
    state,
    forward,
    optimiser,
    step: (): void =>
      engine.scope(() => {
        optimiser.zeroGrad();
        forward().backward();
        optimiser.step();
      }),
    save: () => saveSafetensors(state, { metadata: { random: JSON.stringify(engine.randomState) } }),
    load: (file: Uint8Array): void => {
      const { metadata } = loadSafetensors(file, state);
      engine.randomState = JSON.parse(metadata["random"]!);
    },
  };
}

loss("in the middle of a step: a checkpoint goes on, on a new device, with the bits of a run that was not cut", async () => {
  const whole = Engine.from(await ownDevice());
  const uncut = makeTraining(whole);
  for (let i = 0; i < 12; i++) uncut.step();
  const wanted = await uncut.save();
  whole.device.destroy();

  const device = await ownDevice();
  const first = Engine.from(device);
  const cut = makeTraining(first);
  const step = first.capture(cut.step);
  for (let i = 0; i < 5; i++) step();
  const checkpoint = await cut.save();
  step();
  first.scope(() => {
    const error = cut.forward();
    device.destroy();
    error.backward();
    cut.optimiser.step();
  });
  await rejected(cut.save(), "device-lost", /the device must be alive/);
  assert.is((await first.lost).reason, "destroyed");
  refused(() => step(), "device-lost", /the device must be alive/);
  refused(() => cut.step(), "device-lost", /the device must be alive/);

  const second = Engine.from(await ownDevice());
  const resumed = makeTraining(second);
  resumed.load(checkpoint);
  assert.equal(await resumed.save(), checkpoint, "what was loaded is what was saved");
  for (let i = 5; i < 12; i++) resumed.step();
  assert.equal(await resumed.save(), wanted);
  second.device.destroy();
});

loss("while the host's encoder is recorded into: the host submits, and the next call tells", async () => {
  const device = await ownDevice();
  const engine = Engine.from(device);
  const x = engine.ones([3]);
  await x.read();
  const encoder = device.createCommandEncoder();
  const sum = engine.record(encoder, () => {
    const y = x.add(1);
    device.destroy();
    return y.sum();
  });
  device.queue.submit([encoder.finish()]);
  assert.is((await engine.lost).reason, "destroyed");
  refused(() => engine.submitted(), "device-lost", /the device must be alive/);
  await rejected(sum.read(), "device-lost", /the device must be alive/);
  engine.dispose();
});

loss("before there is an engine: the first wait rejects, and then every call throws", async () => {
  const waits: readonly ((engine: Engine) => Promise<unknown>)[] = [
    (engine) => engine.ones([2]).read(),
    (engine) => engine.idle(),
    (engine) => engine.prepare(topK(2), [[4, 30]]),
  ];
  for (const wait of waits) {
    const device = await ownDevice();
    device.destroy();
    await device.lost;
    const engine = Engine.from(device);
    await rejected(wait(engine), "device-lost", /the device must be alive/);
    refused(() => engine.ones([2]), "device-lost", /the device must be alive/);
    assert.is((await engine.lost).reason, "destroyed");
  }
});

loss("rejects all that waits with one error, whatever it waits for, and memory can still be asked for", async () => {
  const device = await ownDevice();
  const engine = Engine.from(device);
  const training = makeTraining(engine);
  training.step();
  await engine.idle();
  const pending = [
    engine.ones([3]).read(),
    engine.ones([3]).sum().item(),
    training.save(),
    engine.idle(),
    engine.tune(),
    engine.prepare(topK(3), [[4, 50], [4, 500]]),
  ];
  device.destroy();
  const outcomes = await Promise.allSettled(pending);
  const errors = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  assert.ok(errors.length > 0);
  for (const error of errors) {
    assert.instance(error, ImleError);
    assert.is(error, errors[0]);
    assert.is((error as ImleError).code, "device-lost");
  }
  assert.ok(engine.memory().liveBuffers > 0);
  engine.dispose();
  engine.dispose();
  assert.is(engine.memory().liveBuffers, 0);
  await rejected(engine.idle(), "disposed", /the engine must be alive/);
});

loss.run();
