/**
 * Learns what the ground costs from pictures and cheapest paths; beside it, for the first epochs, a second network may
 * learn the same without noise, from the same start and on the same batches. A program: it runs unchanged on Node, Deno
 * and Chrome.
 */

import { Adam, Engine, noGrad, solve, type Tensor } from "webgpu-imle";
import type { Host } from "../../tools/runtimes/host.js";
import { permutation, randomNumbers } from "../report/random.js";
import type { ProgressEvent } from "../report/experiment.js";
import { type LabelledMaps, pictureOf, type TerrainData } from "./dataset.js";
import { StepCounter } from "../report/steps.js";
import type { EpochEvent, MapsEvent, Measured, ShownResult } from "./events.js";
import { generateMaps } from "./generate.js";
import { measure, terrainShares } from "./metrics.js";
import { hammingLoss, PathFinder, shortestPath } from "./model.js";
import { type PublishedFiles, readPublished } from "./published.js";
import { type ModelName, type Recipe, recipes } from "./recipes.js";
import { part, type TerrainMaps } from "./terrains.js";

/** `host.args` */
export interface Arguments {
  readonly seed: number;
  readonly epochs: number;
  readonly model: ModelName;
  /** Where `host.data` finds the published maps; null makes maps up from the seed. */
  readonly published: PublishedFiles | null;
}

const generatedSide = 12;
export const trainCount = 4_000;
const testCount = 2_000;
const shownCount = 8;
const marginalSamples = 100;

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
  const { seed, epochs, model, published } = host.args as Arguments;
  const recipe: Recipe = recipes[model];
  const engine = await Engine.create();
  const random = randomNumbers(seed);
  const data =
    published === null ? await generated(engine, seed) : await readPublished(published, (file) => host.data(file));
  const { maps: train, paths: trainPaths } = data.train;
  const { side } = train;
  const batch = Math.min(recipe.batchSize, train.count);
  const steps = Math.floor(train.count / batch);
  const progress = (stage: string, epoch: number, step: number): void =>
    host.emit({ type: "progress", stage, epoch, epochs, step, steps } satisfies ProgressEvent);
  const places = windingMaps(data.test);
  host.emit(mapsEvent(data, places));
  progress("preparing", 1, 0);

  const perturbations = recipe.ablationEpochs > 0 ? [true, false] : [true];
  const learners = perturbations.map((perturbed): Learner => {
    engine.seed(seed); // the same start for both
    const finder = new PathFinder(recipe.create(engine, train), { side, batch, perturbed });
    const optimiser = new Adam({ parameters: finder.network.parameters, learningRate: recipe.learningRate });
    return { finder, optimiser, losses: engine.zeros([]) };
  });
  const ofEpoch = (epoch: number): readonly Learner[] =>
    epoch <= recipe.ablationEpochs ? learners : learners.slice(0, 1);
  const labels = meanLength(trainPaths, train);

  /** One step; nothing comes back to the host. */
  const step = (places: Int32Array, active: readonly Learner[]): void => {
    const sums = engine.scope(() => {
      const pictures = learners[0]!.finder.network.upload(train, places);
      const signs = engine.tensor(signsOf(trainPaths, side, places), [places.length, side, side]);
      return active.map(({ finder, optimiser, losses }) => {
        const loss = hammingLoss(finder.paths(finder.network.costs(pictures)), signs);
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
      const { learnt, paths, measured } = await test(engine, learner.finder, data.test, batch);
      results.push({ measured, shown: await show(engine, learner.finder, places, learnt, paths, side), loss });
    }
    const [result, ablation = null] = results;
    const validation =
      data.validation === null ? null : (await test(engine, learners[0]!.finder, data.validation, batch)).measured;
    host.emit({ type: "epoch", epoch, ...result!, validation, ablation, seconds: elapsed() } satisfies EpochEvent);
  };
  await report(0);

  const counter = new StepCounter(engine);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const passed = recipe.decay.after.filter((share) => epoch - 1 >= Math.round(share * epochs)).length;
    for (const { optimiser } of learners) optimiser.learningRate = recipe.learningRate * recipe.decay.factor ** passed;
    const order = permutation(train.count, random);
    for (let number = 1; number <= steps; number++) {
      counter.count(() => step(order.subarray((number - 1) * batch, number * batch), ofEpoch(epoch)));
      if (number % stepsBetweenWaits > 0 && number < steps) continue;
      await engine.idle();
      progress("training", epoch, number);
    }
    await report(epoch);
  }
  host.emit(counter.summary(elapsed()));
  engine.dispose();
}

/** Made-up maps, their cheapest paths found by the solver itself. */
async function generated(engine: Engine, seed: number): Promise<TerrainData> {
  const maps = generateMaps(trainCount + testCount, generatedSide, seed);
  const costs = engine.tensor(maps.costs, [maps.count, generatedSide, generatedSide]);
  const best = solve(shortestPath, costs);
  const paths = Uint8Array.from((await best.read()) as Float32Array);
  for (const tensor of [costs, best]) tensor.dispose();
  const cells = generatedSide ** 2;
  return {
    train: { maps: part(maps, 0, trainCount), paths: paths.subarray(0, trainCount * cells) },
    validation: null,
    test: { maps: part(maps, trainCount, testCount), paths: paths.subarray(trainCount * cells) },
  };
}

const meanLength = (paths: Uint8Array, { count }: TerrainMaps): number =>
  paths.reduce((sum, mark) => sum + mark, 0) / count;

/** 1 − 2y of these maps' cheapest paths y. */
function signsOf(paths: Uint8Array, side: number, places: Int32Array): Float32Array {
  const cells = side * side;
  const signs = new Float32Array(places.length * cells);
  for (const [i, place] of places.entries()) {
    for (let cell = 0; cell < cells; cell++) signs[i * cells + cell] = 1 - 2 * paths[place * cells + cell]!;
  }
  return signs;
}

/** What was learnt, on maps that are not trained on. */
interface Tested {
  /** Costs, [count, side, side]. */
  readonly learnt: Float32Array;
  /** The cheapest paths by them, without noise, [count, side, side]. */
  readonly paths: Float32Array;
  readonly measured: Measured;
}

async function test(
  engine: Engine,
  { network }: PathFinder,
  { maps, paths: best }: LabelledMaps,
  batch: number,
): Promise<Tested> {
  const cells = maps.side * maps.side;
  const learnt = new Float32Array(maps.count * cells);
  const paths = new Float32Array(maps.count * cells);
  network.eval();
  for (let first = 0; first < maps.count; first += batch) {
    const places = Int32Array.from({ length: Math.min(batch, maps.count - first) }, (_, i) => first + i);
    const [costs, states] = engine.scope(() => {
      const found = noGrad(() => network.costs(network.upload(maps, places)));
      return [found, solve(shortestPath, found)] as const;
    });
    learnt.set((await costs.read()) as Float32Array, first * cells);
    paths.set((await states.read()) as Float32Array, first * cells);
    for (const tensor of [costs, states]) tensor.dispose();
  }
  network.train();
  return { learnt, paths, measured: measure(maps, best, paths, learnt) };
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
function windingMaps({ maps: { count, side }, paths }: LabelledMaps): number[] {
  const cells = side * side;
  const winds = (map: number): boolean => cellsOf(paths.subarray(map * cells, (map + 1) * cells)).length >= 1.25 * side;
  const all = Array.from({ length: count }, (_, map) => map);
  return [...all.filter(winds), ...all.filter((map) => !winds(map))].slice(0, shownCount);
}

const rounded = (values: Float32Array): number[] => Array.from(values, (value) => Number(value.toPrecision(4)));

const cellsOf = (path: ArrayLike<number>): number[] =>
  Array.from({ length: path.length }, (_, cell) => cell).filter((cell) => path[cell] === 1);

function mapsEvent({ train, validation, test: { maps, paths } }: TerrainData, places: readonly number[]): MapsEvent {
  const cells = maps.side * maps.side;
  return {
    type: "maps",
    side: maps.side,
    trainCount: train.maps.count,
    validationCount: validation?.maps.count ?? 0,
    testCount: maps.count,
    shares: terrainShares(maps),
    shown: places.map((map) => ({
      picture: base64(pictureOf(maps, map)),
      costs: rounded(maps.costs.subarray(map * cells, (map + 1) * cells)),
      path: cellsOf(paths.subarray(map * cells, (map + 1) * cells)),
    })),
  };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
