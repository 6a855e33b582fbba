/** The networks: a selector that scores patches, and classifiers that see the chosen ones, random ones, or all. */

import { crossEntropy, type Engine, imle, noGrad, pid, relu, solve, sumOfGamma, type Tensor, topK } from "webgpu-imle";
import { chosenCount, classCount, patchCount, pixelCount, pixelsPerPatch } from "./dataset.js";
import type { View } from "./events.js";

/** Two dense layers with a ReLU between them. */
class Perceptron {
  readonly parameters: readonly Tensor[];

  constructor(engine: Engine, inputs: number, hidden: number, outputs: number) {
    const layer = (from: number, to: number): Tensor[] => {
      const bound = 1 / Math.sqrt(from);
      const uniform = (shape: number[]): Tensor =>
        engine.uniform(shape, { low: -bound, high: bound, requiresGrad: true });
      return [uniform([from, to]), uniform([to])];
    };
    this.parameters = [...layer(inputs, hidden), ...layer(hidden, outputs)];
  }

  /** @param x [B, inputs] @returns [B, outputs] */
  apply(x: Tensor): Tensor {
    const [firstWeights, firstBias, secondWeights, secondBias] = this.parameters as [Tensor, Tensor, Tensor, Tensor];
    return relu(x.matmul(firstWeights).add(firstBias)).matmul(secondWeights).add(secondBias);
  }
}

/** What the three classifiers say of a batch, and what the first of them saw. */
export interface Reading {
  /** The scores of the ten classes, [B, 10]. */
  readonly logits: Readonly<Record<View, Tensor>>;
  /** 1 for each of the four chosen patches, [B, 49]. */
  readonly mask: Tensor;
}

export class PatchReader {
  private readonly selector: Perceptron;
  private readonly classifiers: Readonly<Record<View, Perceptron>>;
  // λ is meant for the loss summed over the batch: θ′ = θ − λ·∂L/∂z, and a mean would make the step 1/B of it.
  private readonly choose = imle(topK(chosenCount), {
    noise: sumOfGamma({ kappa: chosenCount, iterations: 10 }),
    temperature: 0.3,
    target: pid({ alpha: 1, lambda: 10 }),
    samples: 1,
  });

  constructor(private readonly engine: Engine) {
    const classifier = (): Perceptron => new Perceptron(engine, pixelCount, 256, classCount);
    this.selector = new Perceptron(engine, pixelCount, 128, patchCount);
    this.classifiers = { chosen: classifier(), random: classifier(), all: classifier() };
  }

  get parameters(): Tensor[] {
    return [this.selector, ...Object.values(this.classifiers)].flatMap(({ parameters }) => parameters);
  }

  /**
   * Reads a batch as in training, with noise on the scores.
   * @param images [B, 784] in patch order
   */
  read(images: Tensor): Reading {
    const mask = this.choose(this.selector.apply(images));
    const random = noGrad(() => solve(topK(chosenCount), this.engine.uniform(mask.shape)));
    const { classifiers } = this;
    return {
      mask,
      logits: {
        chosen: classifiers.chosen.apply(masked(images, mask)),
        random: classifiers.random.apply(masked(images, random)),
        all: classifiers.all.apply(images),
      },
    };
  }

  /** Reads a batch as at test time: the selector's four best patches, without noise and without a tape. */
  test(images: Tensor): Reading {
    this.choose.eval();
    try {
      return noGrad(() => this.read(images));
    } finally {
      this.choose.train();
    }
  }
}

/** The images with nothing but the patches of the mask. */
export function masked(images: Tensor, mask: Tensor): Tensor {
  const batch = images.shape[0]!;
  const patches = images.reshape([batch, patchCount, pixelsPerPatch]);
  return patches.mul(mask.reshape([batch, patchCount, 1])).reshape([batch, pixelCount]);
}

/** The cross-entropy of each classifier, summed over the batch. @param labels i32 [B] */
export function losses({ logits }: Reading, labels: Tensor): Readonly<Record<View, Tensor>> {
  const loss = (view: View): Tensor => crossEntropy(logits[view], labels, { reduction: "sum" });
  return { chosen: loss("chosen"), random: loss("random"), all: loss("all") };
}
