/** CombResNet18 (Vlastelica et al. 2020): the beginning of a ResNet18, which sees the whole map at once. */

import {
  abs,
  adaptiveMaxPool2d,
  BatchNorm2d,
  Conv2d,
  type Engine,
  Layer,
  maxPool2d,
  type ParameterTree,
  relu,
  Sequential,
  type Tensor,
} from "webgpu-imle";
import { Pixels } from "./dataset.js";
import type { CostNetwork, Recipe } from "./recipes.js";
import type { TerrainMaps } from "./terrains.js";

const channels = 64;

/** x + two convolutions of x, each with batch normalisation (He et al. 2016, Figure 2). */
class ResidualBlock extends Layer {
  private readonly branch: Sequential;

  constructor(engine: Engine) {
    super();
    const convolution = (): Conv2d => new Conv2d(engine, channels, channels, 3, { padding: 1, bias: false });
    const norm = (): BatchNorm2d => new BatchNorm2d(engine, channels);
    this.branch = new Sequential(convolution(), norm(), relu, convolution(), norm());
  }

  get parameters(): ParameterTree {
    return this.branch.parameters;
  }

  forward(x: Tensor): Tensor {
    return relu(this.branch.forward(x).add(x));
  }

  override train(): this {
    this.branch.train();
    return this;
  }

  override eval(): this {
    this.branch.eval();
    return this;
  }

  override dispose(): void {
    this.branch.dispose();
  }
}

/** A convolution of 7 × 7, one residual block, the largest of each tile, and the channels' mean: 83,520 parameters. */
export class CombResNet18 implements CostNetwork {
  private readonly network: Sequential;
  private readonly pixels: Pixels;

  /** @param training  the maps that are trained on: colours are standardised by their mean and deviation */
  constructor(
    private readonly engine: Engine,
    training: TerrainMaps,
  ) {
    const { side } = training;
    this.pixels = new Pixels(training, { standardised: true });
    this.network = new Sequential(
      new Conv2d(engine, 3, channels, 7, { stride: 2, padding: 3, bias: false }),
      new BatchNorm2d(engine, channels),
      relu,
      (x) => maxPool2d(x, 3, { stride: 2, padding: 1 }),
      new ResidualBlock(engine),
      (x) => adaptiveMaxPool2d(x, side),
    );
  }

  get parameters(): ParameterTree {
    return this.network.parameters;
  }

  upload(maps: TerrainMaps, places: ArrayLike<number>): Tensor {
    return this.pixels.pictures(this.engine, maps, places);
  }

  /** [B, 3, 8·side, 8·side] → [B, side, side] */
  costs(pictures: Tensor): Tensor {
    return abs(this.network.forward(pictures).mean(1));
  }

  train(): void {
    this.network.train();
  }

  eval(): void {
    this.network.eval();
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** As published: Adam 5e-4, a tenth of it from epochs 30 and 40 of 50, batches of 70. */
export const resnet: Recipe = {
  summary: "CombResNet18, which sees the whole map (83,520 parameters)",
  defaultEpochs: 50,
  batchSize: 70,
  learningRate: 5e-4,
  decay: { after: [0.6, 0.8], factor: 1 / 10 },
  ablationEpochs: 0,
  secondsPerThousandMaps: { lavapipe: 30, other: 200 },
  expected: null,
  steps: "The beginning of a ResNet18 sees the whole map and says a cost for each tile.",
  create: (engine, training) => new CombResNet18(engine, training),
};
