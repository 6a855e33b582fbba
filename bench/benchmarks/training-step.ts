/** Whole training steps of the experiments: the same networks, on random pictures. */

import { Adam, type Engine, flattenParameters, type Tensor } from "webgpu-imle";
import { losses, PatchReader } from "../../examples/digits/model.js";
import { generateMaps } from "../../examples/terrain/generate.js";
import { hammingLoss, PathFinder } from "../../examples/terrain/model.js";
import { type ModelName, type Recipe, recipes } from "../../examples/terrain/recipes.js";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";
import { givenNoiseStep } from "../given-noise-step.js";

const pixels = 784;
const classes = 10;

/** Operations of the dense layers, a multiply-add being two; all else is small beside them. */
function denseOperations(batch: number): number {
  const selector = pixels * 128 + 128 * 49;
  const classifier = pixels * 256 + 256 * classes;
  const forward = selector + 3 * classifier;
  // Gradients of weights cost as much as forward. Those of inputs are needed where something before them learns: at
  // every second layer, and at the pictures that the selector has masked.
  const inputs = 128 * 49 + 3 * 256 * classes + pixels * 256;
  return 2 * batch * (2 * forward + inputs);
}

/** The networks, and a step on one batch that never changes. */
export function digitsStep(engine: Engine, batch: number): { readonly step: () => Tensor } {
  const images = engine.uniform([batch, pixels]);
  const labels = engine.tensor(Int32Array.from({ length: batch }, (_, i) => i % classes));
  const reader = new PatchReader(engine);
  const optimiser = new Adam({ parameters: reader.parameters, learningRate: 1e-3 });
  return {
    step() {
      const { chosen, random, all } = losses(reader.read(images), labels);
      const loss = chosen.add(random).add(all);
      optimiser.zeroGrad();
      loss.backward();
      optimiser.step();
      return loss;
    },
  };
}

/** Operations of the step in which noise is given: a selector and one classifier. */
function givenOperations(batch: number): number {
  const [selector, classifier] = [pixels * 128 + 128 * 49, pixels * 256 + 256 * classes];
  const inputs = 128 * 49 + 256 * classes + pixels * 256;
  return 2 * batch * (2 * (selector + classifier) + inputs);
}

/** A step that is ready, and what tells that it is right. */
interface Step {
  readonly step: () => Tensor;
  /** By default the loss must fall in ten steps on one batch. */
  readonly verify?: () => Promise<void>;
}

/** The network, its paths, the loss and Adam, on pictures that are on the device already. */
function terrainStep(engine: Engine, model: ModelName, batch: number): Step {
  const recipe: Recipe = recipes[model];
  const side = 12;
  const maps = generateMaps(batch, side, 1);
  const network = recipe.create(engine, maps);
  const finder = new PathFinder(network, { side, batch, perturbed: true });
  const pictures = network.upload(
    maps,
    Int32Array.from({ length: batch }, (_, i) => i),
  );
  // Any path will do: along the upper and the right border.
  const onPath = (cell: number): boolean => cell < side || cell % side === side - 1;
  const signs = Float32Array.from({ length: batch * side * side }, (_, i) => (onPath(i % (side * side)) ? -1 : 1));
  const wanted = engine.tensor(signs, [batch, side, side]);
  const { learningRate } = recipe;
  const optimiser = new Adam({ parameters: network.parameters, learningRate });
  const step = (): Tensor => {
    const loss = hammingLoss(finder.paths(network.costs(pictures)), wanted);
    optimiser.zeroGrad();
    loss.backward();
    optimiser.step();
    return loss;
  };
  return {
    step,
    // Adam's first step moves every weight that has a gradient by the learning rate, whatever the gradient's size.
    async verify() {
      const [, weight] = flattenParameters(network.parameters)[0]!;
      const before = await weight.read();
      engine.scope(() => void step());
      const moves = (await weight.read()).map((value, i) => Math.abs(value - before[i]!));
      expectClose(`${model}: the largest move`, Math.max(...moves) / learningRate, 1, 1e-2);
      const moved = moves.filter((move) => move > 0.9 * learningRate).length;
      if (moved < moves.length / 2)
        throw new Error(`${model}: most weights must move, got ${moved} of ${moves.length}`);
    },
  };
}

/** The same step, recorded once and replayed: what a peer's compiled step is to be held against. */
const captured = (engine: Engine, { step }: Step): Step => ({ step: engine.capture(step) });

/** Convolutions of CombResNet18 on 96 × 96 pixels; pictures need no gradient. */
function resnetOperations(batch: number): number {
  const [first, block] = [48 * 48 * 64 * 3 * 49, 2 * 24 * 24 * 64 * 64 * 9];
  return 2 * batch * (2 * first + 3 * block);
}

const tileOperations = (batch: number): number => 2 * batch * 144 * (2 * 192 * 32 + 3 * 32);

function stepCase(
  name: string,
  batch: number,
  operations: number,
  create: (engine: Engine) => Step,
  more: Partial<TimedCase> = {},
): TimedCase {
  return {
    name: `${name}, batch ${batch}`,
    parameters: { batch },
    ...more,
    prepare(engine) {
      engine.seed(1);
      const { step, verify } = create(engine);
      const lossFalls = async (): Promise<void> => {
        const first = await engine.scope(step).item();
        for (let i = 0; i < 8; i++) engine.scope(() => void step());
        const last = await engine.scope(step).item();
        if (!(last < first)) throw new Error(`${name}: the loss must fall on one batch, got ${first}, then ${last}`);
      };
      return { work: { operations }, unit: () => void step(), verify: verify ?? lossFalls };
    },
  };
}

export const trainingStep: Benchmark = {
  name: "training-step",
  summary: "whole steps of the experiments: networks, solver through I-MLE, loss, backward, Adam",
  cases: [
    stepCase("digits", 100, denseOperations(100), (engine) => digitsStep(engine, 100), { headline: true }),
    stepCase("digits, captured", 100, denseOperations(100), (engine) => captured(engine, digitsStep(engine, 100)), {
      headline: true,
    }),
    stepCase("digits, noise given", 100, givenOperations(100), (engine) => givenNoiseStep(engine, 100), {
      peers: { task: "digits-step", batch: 100 },
    }),
    stepCase(
      "digits, noise given, captured",
      100,
      givenOperations(100),
      (engine) => captured(engine, givenNoiseStep(engine, 100)),
      { headline: true, peers: { task: "digits-step", batch: 100 } },
    ),
    stepCase("terrain", 50, tileOperations(50), (engine) => terrainStep(engine, "tiles", 50), { headline: true }),
    ...[2, 8, 32].map((batch) =>
      stepCase("terrain resnet", batch, resnetOperations(batch), (engine) => terrainStep(engine, "resnet", batch), {
        sweep: true,
        headline: batch === 8,
      }),
    ),
  ],
};
