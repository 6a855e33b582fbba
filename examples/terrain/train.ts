/**
 * Learns what the ground costs from pictures and cheapest paths; for the first two epochs a second network learns the
 * same without noise, from the same start and on the same batches. A program: it runs unchanged on Node, Deno and
 * Chrome.
 */

import { Adam, Engine, noGrad, solve, type Tensor } from "webgpu-imle";
import type { Host } from "../../tools/runtimes/host.js";
import { permutation, randomNumbers } from "../report/random.js";
import type { ProgressEvent } from "../report/experiment.js";
import { pictureOf, Pixels, type TerrainData } from "./dataset.js";
import type { EpochEvent, MapsEvent, ShownResult, SummaryEvent } from "./events.js";
import { generateMaps } from "./generate.js";
import { measure, terrainShares } from "./metrics.js";
import { hammingLoss, learningRate, PathFinder, shortestPath } from "./model.js";
import { type PublishedFiles, readPublished } from "./published.js";
import { part, type TerrainMaps } from "./terrains.js";

/** `host.args` */
export interface Arguments {
  readonly seed: number;
  readonly epochs: number;
  /** Where `host.data` finds the published maps; null makes maps up from the seed. */
  readonly published: PublishedFiles | null;
}

export const ablationEpochs = 2;

const side = 12;
const trainCount = 4_000;
const testCount = 2_000;
const shownCount = 8;
const marginalSamples = 100;

const batchSize = 50;
/** Adam's learning rate falls to a fifth after these shares of the epochs. */
const decays = [0.6, 0.85] as const;

// The host may run ahead of the device by so many steps; it waits then, reads nothing, and tells how far it is.
const stepsBetweenWaits = 5;

/** A network with what trains it. */
interface Learner {
  readonly finder: PathFinder;
  readonly optimiser: Adam;
  /** Sum of the losses of this epoch's steps so far. */
  losses: Tensor;
}

export default async function main(host: Host): Promise<void> {
  const { seed, epochs, published } = host.args as Arguments;
  const engine = await Engine.create();
  const random = randomNumbers(seed);
  const data =
    published === null ? await generated(engine, seed) : await readPublished(published, (file) => host.data(file));
  const { train, trainPaths, test, testPaths } = data;
  const batch = Math.min(batchSize, train.count);
  const steps = Math.floor(train.count / batch);
  const progress = (stage: string, epoch: number, step: number): void =>
    host.emit({ type: "progress", stage, epoch, epochs, step, steps } satisfies ProgressEvent);
  const places = windingMaps(test, testPaths);
  host.emit(mapsEvent(data, places));
  progress("preparing", 1, 0);

  const pixels = new Pixels(train);
  const learners = [true, false].map((perturbed): Learner => {
    engine.seed(seed); // the same start for both
    const finder = new PathFinder(engine, train.side, { perturbed });
    const optimiser = new Adam({ parameters: finder.parameters, learningRate });
    return { finder, optimiser, losses: engine.zeros([]) };
  });
  const ofEpoch = (epoch: number): readonly Learner[] => (epoch <= ablationEpochs ? learners : learners.slice(0, 1));
  const labels = meanLength(trainPaths, train);

  /** One step; nothing comes back to the host. */
  const step = (places: Int32Array, active: readonly Learner[]): void => {
    const sums = engine.scope(() => {
      const tiles = pixels.upload(engine, train, places);
      const signs = engine.tensor(signsOf(trainPaths, train, places), [places.length, train.side, train.side]);
      return active.map(({ finder, optimiser, losses }) => {
        const loss = hammingLoss(finder.paths(finder.costs(tiles)), signs);
        optimiser.zeroGrad();
        loss.backward();
        optimiser.step();
        return noGrad(() => losses.add(loss));
      });
    });
    for (const [i, learner] of active.entries()) {
      learner.losses.dispose();
      learner.losses = sums[i]!;
    }
  };

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const report = async (epoch: number): Promise<void> => {
    const results = [];
    for (const learner of ofEpoch(epoch)) {
      const loss = epoch === 0 ? null : labels + (await learner.losses.item()) / steps;
      learner.losses.dispose();
      learner.losses = engine.zeros([]);
      const { learnt, paths } = await solveAll(engine, learner.finder, pixels, test);
      const measured = measure(test, testPaths, paths, learnt);
      results.push({ measured, shown: await show(engine, learner.finder, places, learnt, paths, test.side), loss });
    }
    const [result, ablation = null] = results;
    host.emit({ type: "epoch", epoch, ...result!, ablation, seconds: elapsed() } satisfies EpochEvent);
  };
  await report(0);

  let readbacksInSteps = 0;
  let dispatches = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const passed = decays.filter((share) => epoch - 1 >= Math.round(share * epochs)).length;
    for (const { optimiser } of learners) optimiser.learningRate = learningRate / 5 ** passed;
    const order = permutation(train.count, random);
    for (let number = 1; number <= steps; number++) {
      const before = engine.stats();
      step(order.subarray((number - 1) * batch, number * batch), ofEpoch(epoch));
      readbacksInSteps += engine.stats().readbacks - before.readbacks;
      dispatches += engine.stats().dispatches - before.dispatches;
      if (number % stepsBetweenWaits > 0 && number < steps) continue;
      await engine.idle();
      progress("training", epoch, number);
    }
    await report(epoch);
  }
  host.emit({
    type: "summary",
    seconds: elapsed(),
    steps: epochs * steps,
    readbacksInSteps,
    dispatchesPerStep: dispatches / (epochs * steps),
    peakBytes: engine.memory().peakBytes,
  } satisfies SummaryEvent);
  engine.dispose();
}

/** Made-up maps, their cheapest paths found by the solver itself. */
async function generated(engine: Engine, seed: number): Promise<TerrainData> {
  const maps = generateMaps(trainCount + testCount, side, seed);
  const costs = engine.tensor(maps.costs, [maps.count, side, side]);
  const best = solve(shortestPath, costs);
  const paths = Uint8Array.from((await best.read()) as Float32Array);
  for (const tensor of [costs, best]) tensor.dispose();
  const cells = side * side;
  return {
    train: part(maps, 0, trainCount),
    trainPaths: paths.subarray(0, trainCount * cells),
    test: part(maps, trainCount, testCount),
    testPaths: paths.subarray(trainCount * cells),
  };
}

const meanLength = (paths: Uint8Array, { count }: TerrainMaps): number =>
  paths.reduce((sum, mark) => sum + mark, 0) / count;

/** 1 − 2y of these maps' cheapest paths y. */
function signsOf(paths: Uint8Array, { side }: TerrainMaps, places: Int32Array): Float32Array {
  const cells = side * side;
  const signs = new Float32Array(places.length * cells);
  for (const [i, place] of places.entries()) {
    for (let cell = 0; cell < cells; cell++) signs[i * cells + cell] = 1 - 2 * paths[place * cells + cell]!;
  }
  return signs;
}

/** Learnt costs of all maps, and the cheapest paths by them, without noise: both [count, side, side]. */
async function solveAll(
  engine: Engine,
  finder: PathFinder,
  pixels: Pixels,
  maps: TerrainMaps,
): Promise<{ learnt: Float32Array; paths: Float32Array }> {
  const cells = maps.side * maps.side;
  const learnt = new Float32Array(maps.count * cells);
  const paths = new Float32Array(maps.count * cells);
  for (let first = 0; first < maps.count; first += batchSize) {
    const places = Int32Array.from({ length: Math.min(batchSize, maps.count - first) }, (_, i) => first + i);
    const [costs, states] = engine.scope(() =>
      noGrad(() => {
        const found = finder.costs(pixels.upload(engine, maps, places));
        return [found, solve(shortestPath, found)] as const;
      }),
    );
    learnt.set((await costs.read()) as Float32Array, first * cells);
    paths.set((await states.read()) as Float32Array, first * cells);
    for (const tensor of [costs, states]) tensor.dispose();
  }
  return { learnt, paths };
}

/** What the page shows of some maps, among it where their paths go under noise. */
async function show(
  engine: Engine,
  finder: PathFinder,
  places: readonly number[],
  learnt: Float32Array,
  paths: Float32Array,
  side: number,
): Promise<ShownResult[]> {
  const cells = side * side;
  const of = (values: Float32Array, map: number): Float32Array => values.subarray(map * cells, (map + 1) * cells);
  const costs = new Float32Array(places.length * cells);
  for (const [i, place] of places.entries()) costs.set(of(learnt, place), i * cells);
  const marginals = engine.scope(() =>
    finder.marginals(engine.tensor(costs, [places.length, side, side]), marginalSamples),
  );
  const shares = (await marginals.read()) as Float32Array;
  marginals.dispose();
  return places.map((place, i) => ({
    costs: rounded(of(learnt, place)),
    path: cellsOf(of(paths, place)),
    marginals: rounded(of(shares, i)),
  }));
}

/** The first maps whose cheapest path makes detours: there is more to see in them than in a straight diagonal. */
function windingMaps({ count, side }: TerrainMaps, paths: Uint8Array): number[] {
  const cells = side * side;
  const winds = (map: number): boolean => cellsOf(paths.subarray(map * cells, (map + 1) * cells)).length >= 1.25 * side;
  const all = Array.from({ length: count }, (_, map) => map);
  return [...all.filter(winds), ...all.filter((map) => !winds(map))].slice(0, shownCount);
}

const rounded = (values: Float32Array): number[] => Array.from(values, (value) => Number(value.toPrecision(4)));

const cellsOf = (path: ArrayLike<number>): number[] =>
  Array.from({ length: path.length }, (_, cell) => cell).filter((cell) => path[cell] === 1);

function mapsEvent({ train, test, testPaths }: TerrainData, places: readonly number[]): MapsEvent {
  const cells = test.side * test.side;
  return {
    type: "maps",
    side: test.side,
    trainCount: train.count,
    testCount: test.count,
    shares: terrainShares(test),
    shown: places.map((map) => ({
      picture: base64(pictureOf(test, map)),
      costs: rounded(test.costs.subarray(map * cells, (map + 1) * cells)),
      path: cellsOf(testPaths.subarray(map * cells, (map + 1) * cells)),
    })),
  };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
