import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Adam, Engine, flattenParameters, noGrad, type Tensor } from "webgpu-imle";
import { pictureOf, Pixels } from "../examples/terrain/dataset.js";
import type { SummaryEvent } from "../examples/report/steps.js";
import type { EpochEvent, MapsEvent } from "../examples/terrain/events.js";
import { generateMaps } from "../examples/terrain/generate.js";
import type { SplitFiles } from "../examples/terrain/published.js";
import { CombResNet18 } from "../examples/terrain/resnet.js";
import train, { type Arguments } from "../examples/terrain/train.js";
import { kinds, splitFiles } from "./support/published-maps.js";
import { average } from "./support/twins.js";

const side = 4;
const maps = generateMaps(12, side, 5);
const places = Int32Array.from({ length: maps.count }, (_, i) => i);

interface Device {
  engine: Engine;
}

const network = suite<Device>("terrain: CombResNet18", {} as Device);
network.before(async (context) => {
  context.engine = await Engine.create();
});
network.after(({ engine }) => engine.dispose());
network.before.each(({ engine }) => engine.seed(3));

network("it has 83,520 parameters, and frees all that it holds", ({ engine }) => {
  const before = engine.memory().liveBuffers;
  const resnet = new CombResNet18(engine, maps);
  assert.is(
    flattenParameters(resnet.parameters).reduce((sum, [, { size }]) => sum + size, 0),
    83_520,
  );
  resnet.dispose();
  assert.is(engine.memory().liveBuffers, before);
});

network("pictures reach the device colour after colour, each with mean 0 and deviation 1", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const tensor = new Pixels(maps, { standardised: true }).pictures(engine, maps, places);
  const width = 8 * side;
  assert.equal(tensor.shape, [maps.count, 3, width, width]);
  const values = await tensor.read();
  const plane = width * width;
  for (const channel of [0, 1, 2]) {
    const own = [...values].filter((_, i) => Math.floor(i / plane) % 3 === channel);
    const bytes = [...places].flatMap((map) => [...pictureOf(maps, map)].filter((_, i) => i % 3 === channel));
    const mean = average(bytes);
    const deviation = Math.sqrt(average(bytes.map((byte) => (byte - mean) ** 2)));
    for (let i = 0; i < own.length; i += 97) assert.ok(Math.abs(own[i]! - (bytes[i]! - mean) / deviation) < 1e-4);
  }
});

/** Images of one map in float64: [channels][row][column]. */
type Image = number[][][];

function convolve(image: Image, weights: Float32Array, outputs: number, size: number, stride: number): Image {
  const padding = (size - 1) / 2;
  const width = image[0]!.length / stride;
  const at = (channel: number, y: number, x: number): number => image[channel]![y]?.[x] ?? 0;
  return Array.from({ length: outputs }, (_o, output) =>
    Array.from({ length: width }, (_y, row) =>
      Array.from({ length: width }, (_x, column) => {
        let sum = 0;
        let place = output * image.length * size * size;
        for (let channel = 0; channel < image.length; channel++) {
          for (let y = 0; y < size; y++) {
            for (let x = 0; x < size; x++) {
              sum += weights[place++]! * at(channel, row * stride + y - padding, column * stride + x - padding);
            }
          }
        }
        return sum;
      }),
    ),
  );
}

const each = (image: Image, f: (value: number, ...place: [number, number, number]) => number): Image =>
  image.map((plane, c) => plane.map((row, y) => row.map((value, x) => f(value, c, y, x))));

/** The largest of windows of 3 × 3 at every second pixel. */
const pooled = (image: Image): Image =>
  image.map((plane) =>
    Array.from({ length: plane.length / 2 }, (_y, y) =>
      Array.from({ length: plane.length / 2 }, (_x, x) => {
        const rows = plane.slice(Math.max(2 * y - 1, 0), 2 * y + 2);
        return Math.max(...rows.flatMap((row) => row.slice(Math.max(2 * x - 1, 0), 2 * x + 2)));
      }),
    ),
  );

network("its costs are those of the published network, written out in plain loops", async ({ engine }) => {
  using scope = engine.openScope();
  void scope;
  const resnet = new CombResNet18(engine, maps);
  resnet.eval(); // running statistics are still 0 and 1
  const pictures = resnet.upload(maps, [3]);
  const got = await noGrad(() => resnet.costs(pictures)).read();
  const [pixels, ...weights] = await Promise.all(
    [pictures, ...flattenParameters(resnet.parameters).map(([, parameter]) => parameter)]
      .filter(({ shape }) => shape.length === 4)
      .map((tensor: Tensor) => tensor.read() as Promise<Float32Array>),
  );
  const width = 8 * side;
  const image = [0, 1, 2].map((c) =>
    Array.from({ length: width }, (_, y) => [
      ...pixels!.subarray((c * width + y) * width, (c * width + y + 1) * width),
    ]),
  );
  const normalised = (x: Image): Image => each(x, (value) => value / Math.sqrt(1 + 1e-5));
  const rectified = (x: Image): Image => each(x, (value) => Math.max(value, 0));
  const head = pooled(rectified(normalised(convolve(image, weights[0]!, 64, 7, 2))));
  const middle = rectified(normalised(convolve(head, weights[1]!, 64, 3, 1)));
  const branch = normalised(convolve(middle, weights[2]!, 64, 3, 1));
  const block = rectified(each(branch, (value, c, y, x) => value + head[c]![y]![x]!));
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const tile = block.map((plane) =>
        Math.max(...plane.slice(2 * row, 2 * row + 2).flatMap((line) => line.slice(2 * column, 2 * column + 2))),
      );
      const [found, wanted] = [got[row * side + column]!, Math.abs(average(tile))];
      assert.ok(Math.abs(found - wanted) < 1e-4 * wanted, `tile ${row}, ${column}: ${found}, expected ${wanted}`);
    }
  }
  resnet.dispose();
});

network("it learns to tell dear tiles from cheap ones", async ({ engine }) => {
  const resnet = new CombResNet18(engine, maps);
  const optimiser = new Adam({ parameters: resnet.parameters, learningRate: 5e-3 });
  const [pictures, truth] = [resnet.upload(maps, places), engine.tensor(maps.costs, [maps.count, side, side])];
  const step = (): Tensor => {
    optimiser.zeroGrad();
    const loss = resnet.costs(pictures).sub(truth).pow(2).mean();
    loss.backward();
    optimiser.step();
    return loss;
  };
  const first = await engine.scope(step).item();
  for (let i = 0; i < 12; i++) engine.scope(() => void step());
  const last = await engine.scope(step).item();
  assert.ok(last < 0.35 * first, `squared error ${first} → ${last}`);
  for (const tensor of [pictures, truth]) tensor.dispose();
  resnet.dispose();
});

network.run();

const program = suite("terrain: the program");

/** Runs the experiment on small maps of the published format. */
async function run(args: Pick<Arguments, "model" | "epochs">, validates: boolean): Promise<object[]> {
  const bytes: Record<string, Uint8Array> = {};
  const split = (name: string, count: number): SplitFiles => {
    for (const [kind, content] of Object.entries(splitFiles(count).files)) bytes[`set/${name}_${kind}.npy`] = content;
    return Object.fromEntries(kinds.map((kind) => [kind, [`set/${name}_${kind}.npy`]])) as unknown as SplitFiles;
  };
  const published = { train: split("train", 20), val: validates ? split("val", 5) : null, test: split("test", 6) };
  const events: object[] = [];
  await train({
    runtime: "node",
    args: { seed: 1, ...args, published } satisfies Arguments,
    emit: (event) => events.push(event),
    data: (file) => Promise.resolve(bytes[file]!.slice().buffer as ArrayBuffer),
  });
  return events;
}

const ofType = <T extends { readonly type: string }>(events: readonly object[], type: T["type"]): T[] =>
  events.filter((event) => (event as T).type === type) as T[];

program("--model resnet trains on published maps, reports those to validate on, and reads nothing back", async () => {
  const events = await run({ model: "resnet", epochs: 2 }, true);
  const [maps] = ofType<MapsEvent>(events, "maps");
  assert.equal([maps!.trainCount, maps!.validationCount, maps!.testCount], [20, 5, 6]);
  const epochs = ofType<EpochEvent>(events, "epoch");
  assert.equal(
    epochs.map(({ epoch }) => epoch),
    [0, 1, 2],
  );
  for (const { measured, validation, ablation, loss, epoch } of epochs) {
    for (const { accuracy, regret, costs } of [measured, validation!]) {
      assert.ok(accuracy >= 0 && accuracy <= 1 && regret >= 0, `${accuracy}, ${regret}`);
      assert.ok(
        costs.every((cost) => cost === null || cost >= 0),
        String(costs),
      );
    }
    assert.is(ablation, null);
    assert.is(loss === null, epoch === 0);
  }
  assert.not.equal(epochs[2]!.measured.costs, epochs[0]!.measured.costs);
  const [summary] = ofType<SummaryEvent>(events, "summary");
  assert.is(summary!.readbacksInSteps, 0);
  assert.is(summary!.steps, 2);
});

program("the small network trains on the same maps, with its ablation, and without any to validate on", async () => {
  const events = await run({ model: "tiles", epochs: 1 }, false);
  for (const { validation, ablation } of ofType<EpochEvent>(events, "epoch")) {
    assert.is(validation, null);
    assert.ok(ablation !== null);
  }
});

program.run();
