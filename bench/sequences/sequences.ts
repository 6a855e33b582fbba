/** Random sequences of calls, right and wrong ones, on an engine with a model beside it. */

import fc from "fast-check";
import { Engine } from "webgpu-imle";
import { actions } from "./actions/index.js";
import { foreignHandle, Mismatch, Picks, Tally, World } from "./world.js";

/** One call of a sequence: which, and the numbers that it takes what it needs from. */
interface Call {
  readonly name: string;
  readonly numbers: readonly number[];
}

/** A sequence, and how its engine ends: on an engine of its own, unless that is shared and goes on. */
interface Sequence {
  readonly calls: readonly Call[];
  readonly end: "shared" | "dispose" | "destroy";
  /** Before which call an engine of its own ends. */
  readonly endsAt: number;
}

const call: fc.Arbitrary<Call> = fc.record({
  name: fc.constantFrom(...Object.keys(actions)),
  numbers: fc.array(fc.nat(9999), { minLength: 8, maxLength: 8 }),
});

const sequence: fc.Arbitrary<Sequence> = fc.record({
  calls: fc.array(call, { minLength: 1, maxLength: 40, size: "max" }),
  // An engine of its own compiles its kernels again: few sequences have one.
  end: fc.oneof(
    { weight: 48, arbitrary: fc.constant("shared" as const) },
    { weight: 1, arbitrary: fc.constant("dispose" as const) },
    { weight: 1, arbitrary: fc.constant("destroy" as const) },
  ),
  endsAt: fc.nat(40),
});

const text = ({ calls, end, endsAt }: Sequence): string =>
  `${end === "shared" ? "" : `${end} before call ${endsAt}: `}${calls.map(({ name, numbers }) => `${name}(${numbers})`).join(" ")}`;

/** Makes whatever an engine makes once, so that memory can be compared from then on. */
async function warm(engine: Engine, foreign: Engine): Promise<void> {
  const world = new World(engine, foreignHandle(foreign), new Tally());
  const theta = engine.tensor([[1, 2, 3], [4, 6, 5]], { requiresGrad: true });
  for (const name of ["solve", "layer", "layer"]) {
    for (let i = 0; i < 3; i++) {
      const handle = world.adopt(engine.tensor([[1, 2, 3], [4, 6, 5]], { requiresGrad: true }), null, { requiresGrad: true });
      await actions[name]!(world, new Picks([1, 0, i, i + 1, 1]));
      const made = world.handles.at(-1);
      if (made !== handle && made?.requiresGrad) made.tensor.sum().backward();
    }
  }
  theta.dispose();
  for (const { tensor } of world.handles) tensor.dispose();
  await engine.idle();
}

async function runCalls(world: World, { calls, end, endsAt }: Sequence): Promise<void> {
  for (const [index, { name, numbers }] of calls.entries()) {
    if (end !== "shared" && index === endsAt) await endEngine(world, end);
    const before = world.tally.calls;
    try {
      await actions[name]!(world, new Picks(numbers));
      if (world.tally.calls > before) world.checkMemory();
    } catch (error) {
      throw new Mismatch(`call ${index}, ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function endEngine(world: World, end: "dispose" | "destroy"): Promise<void> {
  for (const settle of world.pending.splice(0)) await settle();
  if (end === "dispose") {
    world.engine.dispose();
    world.engine.dispose();
    world.ended = "disposed";
    const { liveBuffers, liveBytes, pooledBytes } = world.engine.memory();
    if (liveBuffers + liveBytes + pooledBytes !== 0) {
      throw new Mismatch(`a disposed engine must hold nothing, got ${liveBuffers} buffers and ${liveBytes} bytes`);
    }
  } else {
    world.device.destroy();
    await world.engine.lost;
    world.ended = "device-lost";
  }
}

export interface Outcome {
  readonly tally: Tally;
  readonly sequences: number;
  /** What the first failing sequence says, with the seed and path that give it again; null where all went well. */
  readonly failure: string | null;
}

/**
 * Runs so many sequences; the same seed draws the same ones.
 *
 * @param limitMilliseconds after which no more are run, and a failing one is made no shorter
 */
export async function runSequences(count: number, seed: number, limitMilliseconds: number): Promise<Outcome> {
  const tally = new Tally();
  const ownDevice = async (): Promise<GPUDevice> => (await navigator.gpu.requestAdapter())!.requestDevice();
  const device = await ownDevice();
  const open = async (device: GPUDevice): Promise<[Engine, Engine]> => {
    const engines: [Engine, Engine] = [Engine.from(device), Engine.from(device)];
    await warm(...engines);
    return engines;
  };
  let shared = await open(device);
  const property = fc.asyncProperty(sequence, async (drawn) => {
    const own = drawn.end === "shared" ? null : await ownDevice();
    const [engine, foreign] = own ? await open(own) : shared;
    const world = new World(engine, foreignHandle(foreign), tally);
    try {
      await runCalls(world, drawn);
      await world.end();
    } catch (error) {
      if (!own) shared = await open(device); // what a failure leaves is not the next sequence's
      throw error;
    } finally {
      world.foreign.tensor.dispose();
      own?.destroy();
    }
  });
  try {
    const found = await fc.check(property, { numRuns: count, seed, interruptAfterTimeLimit: limitMilliseconds });
    const { failed, numRuns, counterexample, counterexamplePath, errorInstance } = found;
    const said = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    const again = `{ seed: ${seed}, path: "${counterexamplePath}" } gives it again: ${said}`;
    return { tally, sequences: numRuns, failure: failed ? `${again}\n${text(counterexample![0])}` : null };
  } finally {
    device.destroy();
  }
}
