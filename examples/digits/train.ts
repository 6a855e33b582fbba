/**
 * Trains the selector and the three classifiers, side by side on the same batches. A program: it runs unchanged on
 * Node, Deno and Chrome.
 */

import { Adam, Engine, gather, noGrad, stack, type Tensor } from "webgpu-imle";
import type { Host } from "../../tools/runtimes/host.js";
import type { ProgressEvent } from "../report/experiment.js";
import { chosenCount, classCount, inPatchOrder, patchCount, pixelCount, unpackDigits, type Digits } from "./dataset.js";
import { views, type EpochEvent, type PerView } from "./events.js";
import { losses, PatchReader } from "./model.js";
import { permutation, randomNumbers } from "../report/random.js";
import { StepCounter } from "../report/steps.js";

/** `host.args` */
export interface Arguments {
  readonly seed: number;
  readonly epochs: number;
  /** Where `host.data` finds the packed digits. */
  readonly digits: string;
}

const batchSize = 100;
// The host may run ahead of the device by so many steps; it waits then, reads nothing, and tells how far it is.
const stepsBetweenWaits = 5;

interface DeviceDigits {
  readonly images: Tensor;
  readonly labels: Tensor;
}

function upload(engine: Engine, digits: Digits): DeviceDigits {
  return {
    images: engine.tensor(inPatchOrder(digits), [digits.count, pixelCount]),
    labels: engine.tensor(Int32Array.from(digits.labels)),
  };
}

const perView = (values: ArrayLike<number>, divisor = 1): PerView =>
  Object.fromEntries(views.map((view, i) => [view, values[i]! / divisor])) as unknown as PerView;

export default async function main(host: Host): Promise<void> {
  const { seed, epochs, digits } = host.args as Arguments;
  const { train, test } = unpackDigits(await host.data(digits));
  const engine = await Engine.create();
  engine.seed(seed);
  const random = randomNumbers(seed);
  const steps = train.count / batchSize;
  const progress = (stage: string, epoch: number, step: number): void =>
    host.emit({ type: "progress", stage, epoch, epochs, step, steps } satisfies ProgressEvent);
  progress("preparing", 1, 0);

  const training = upload(engine, train);
  const testing = upload(engine, test);
  const reader = new PatchReader(engine);
  const optimiser = new Adam({ parameters: reader.parameters, learningRate: 1e-3 });

  /** One step; nothing comes back to the host. Returns the sums of the losses so far. */
  const trainOn = (batch: Int32Array, sums: Tensor): Tensor =>
    engine.scope(() => {
      const places = engine.tensor(batch);
      const labels = gather(training.labels, places);
      const { chosen, random: other, all } = losses(reader.read(gather(training.images, places)), labels);
      optimiser.zeroGrad();
      chosen.add(other).add(all).backward();
      optimiser.step();
      return noGrad(() => sums.add(stack([chosen, other, all])));
    });

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const measure = async (epoch: number, loss: PerView | null): Promise<void> => {
    const result = await readTest(engine, reader, testing, test);
    host.emit({ type: "epoch", epoch, loss, ...result, seconds: elapsed() } satisfies EpochEvent);
  };
  await measure(0, null);

  const counter = new StepCounter(engine);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = permutation(train.count, random);
    let sums = engine.zeros([views.length]);
    for (let step = 1; step <= steps; step++) {
      const places = order.subarray((step - 1) * batchSize, step * batchSize);
      const next = counter.count(() => trainOn(places, sums));
      sums.dispose();
      sums = next;
      if (step % stepsBetweenWaits > 0 && step < steps) continue;
      await engine.idle();
      progress("training", epoch, step);
    }
    const loss = perView(await sums.read(), train.count);
    sums.dispose();
    await measure(epoch, loss);
  }
  host.emit(counter.summary(elapsed()));
  engine.dispose();
}

/** Reads all test digits and compares with their labels. */
async function readTest(
  engine: Engine,
  reader: PatchReader,
  { images }: DeviceDigits,
  { count, labels }: Digits,
): Promise<Pick<EpochEvent, "accuracy" | "predicted" | "patches">> {
  const { logits, mask } = engine.scope(() => reader.test(images));
  const read = async (tensor: Tensor): Promise<ArrayLike<number>> => {
    const values = await tensor.read();
    tensor.dispose();
    return values;
  };
  const said: number[][] = [];
  for (const view of views) said.push(strongest(await read(logits[view]), count));
  const seen = await read(mask);
  const patches: number[] = [];
  for (let place = 0; place < seen.length; place++) if (seen[place] === 1) patches.push(place % patchCount);
  if (patches.length !== count * chosenCount) {
    throw new Error(`the solver must choose ${chosenCount} patches a digit, got ${patches.length / count} on average`);
  }
  const right = said.map((classes) => classes.filter((label, digit) => label === labels[digit]).length);
  return { accuracy: perView(right, count), predicted: said[views.indexOf("chosen")]!, patches };
}

/** The class with the highest score, for each digit. */
function strongest(logits: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: count }, (_, digit) => {
    let best = 0;
    for (let label = 1; label < classCount; label++) {
      if (logits[digit * classCount + label]! > logits[digit * classCount + best]!) best = label;
    }
    return best;
  });
}
