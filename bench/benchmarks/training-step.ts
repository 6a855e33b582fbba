/** A whole training step of the digits experiment: the same networks, on random pictures. */

import { Adam, type Engine, type Tensor } from "webgpu-imle";
import { losses, PatchReader } from "../../examples/digits/model.js";
import { type Benchmark, type TimedCase } from "../benchmark.js";

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

const stepCase = (batch: number): TimedCase => ({
  name: `digits, batch ${batch}`,
  parameters: { batch },
  prepare(engine) {
    engine.seed(1);
    const { step } = digitsStep(engine, batch);
    return {
      work: { operations: denseOperations(batch) },
      unit: () => void step(),
      async verify() {
        const first = await engine.scope(step).item();
        for (let i = 0; i < 8; i++) engine.scope(() => void step());
        const last = await engine.scope(step).item();
        if (!(last < first)) throw new Error(`digits: the loss must fall on one batch, got ${first}, then ${last}`);
      },
    };
  },
});

export const trainingStep: Benchmark = {
  name: "training-step",
  summary: "a step of the digits experiment: selector, top-k through I-MLE, three classifiers, Adam",
  cases: [stepCase(100)],
};
