/** The networks: a selector that scores patches, and classifiers that see the chosen ones, random ones, or all. */

import {
  crossEntropy,
  type Engine,
  imle,
  Linear,
  noGrad,
  type ParameterTree,
  pid,
  relu,
  Sequential,
  solve,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";
import { chosenCount, classCount, patchCount, pixelCount, pixelsPerPatch } from "./dataset.js";
import type { View } from "./events.js";

/** Two dense layers with a ReLU between them: [B, inputs] → [B, outputs]. */
function perceptron(engine: Engine, inputs: number, hidden: number, outputs: number): Sequential {
  return new Sequential(new Linear(engine, inputs, hidden), relu, new Linear(engine, hidden, outputs));
}

/** What the three classifiers say of a batch, and what the first of them saw. */
export interface Reading {
  /** The scores of the ten classes, [B, 10]. */
  readonly logits: Readonly<Record<View, Tensor>>;
  /** 1 for each of the four chosen patches, [B, 49]. */
  readonly mask: Tensor;
}

export class PatchReader {
  private readonly selector: Sequential;
  private readonly classifiers: Readonly<Record<View, Sequential>>;
  // λ is meant for the loss summed over the batch: θ′ = θ − λ·∂L/∂z, and a mean would make the step 1/B of it.
  private readonly choose = imle(topK(chosenCount), {
    noise: sumOfGamma({ kappa: chosenCount, iterations: 10 }),
    temperature: 0.3,
    target: pid({ alpha: 1, lambda: 10 }),
    samples: 1,
  });

  constructor(private readonly engine: Engine) {
    const classifier = (): Sequential => perceptron(engine, pixelCount, 256, classCount);
    this.selector = perceptron(engine, pixelCount, 128, patchCount);
    this.classifiers = { chosen: classifier(), random: classifier(), all: classifier() };
  }

  get parameters(): ParameterTree {
    const { chosen, random, all } = this.classifiers;
    return [this.selector, chosen, random, all].map(({ parameters }) => parameters);
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const network of [this.selector, ...Object.values(this.classifiers)]) network.dispose();
  }

  /**
   * Reads a batch as in training, with noise on the scores.
   * @param images [B, 784] in patch order
   */
  read(images: Tensor): Reading {
    const mask = this.choose(this.selector.forward(images));
    const random = noGrad(() => solve(topK(chosenCount), this.engine.uniform(mask.shape)));
    const { classifiers } = this;
    return {
      mask,
      logits: {
        chosen: classifiers.chosen.forward(masked(images, mask)),
        random: classifiers.random.forward(masked(images, random)),
        all: classifiers.all.forward(images),
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
