/** A training step through I-MLE that peers can do as well: the digits' selector and classifier, with noise given. */

import {
  Adam,
  crossEntropy,
  type Engine,
  flattenParameters,
  givenNoise,
  imle,
  Linear,
  pid,
  relu,
  Sequential,
  type Tensor,
  topK,
} from "webgpu-imle";
import { chosenCount, classCount, patchCount, pixelCount } from "../examples/digits/dataset.js";
import { masked } from "../examples/digits/model.js";
import { peerNumbers } from "./peers/tasks.js";

export const lambda = 10;
export const learningRate = 1e-3;

export interface GivenNoiseStep {
  /** Weights and biases: the selector's four, then the classifier's. */
  readonly parameters: readonly Tensor[];
  /** One step on the same batch; gives the loss before it. */
  step(): Tensor;
}

/** What goes in: pixels [batch, 784], labels [batch], noise [batch, 49]. */
export function givenBatch(batch: number): { pixels: Float32Array; labels: Int32Array; noise: Float32Array } {
  return {
    pixels: peerNumbers(batch * pixelCount, 1).map((number) => number - 1),
    labels: Int32Array.from({ length: batch }, (_, i) => i % classCount),
    noise: peerNumbers(batch * patchCount, 2).map((number) => number - 1.5),
  };
}

export function givenNoiseStep(engine: Engine, batch: number): GivenNoiseStep {
  const { pixels, labels, noise } = givenBatch(batch);
  const images = engine.tensor(pixels, [batch, pixelCount]);
  const classes = engine.tensor(labels);
  const selector = new Sequential(new Linear(engine, pixelCount, 128), relu, new Linear(engine, 128, patchCount));
  const classifier = new Sequential(new Linear(engine, pixelCount, 256), relu, new Linear(engine, 256, classCount));
  const given = engine.tensor(noise, [batch, 1, patchCount]);
  const choose = imle(topK(chosenCount), { noise: givenNoise(given), target: pid({ alpha: 1, lambda }) });
  const optimiser = new Adam({ parameters: [selector.parameters, classifier.parameters], learningRate });
  return {
    parameters: flattenParameters([selector.parameters, classifier.parameters]).map(([, parameter]) => parameter),
    step() {
      const seen = masked(images, choose(selector.forward(images)));
      const loss = crossEntropy(classifier.forward(seen), classes, { reduction: "sum" });
      optimiser.zeroGrad();
      loss.backward();
      optimiser.step();
      return loss;
    },
  };
}
