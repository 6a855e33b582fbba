/** A network that looks at one tile at a time; the same network for every tile. */

import { type Engine, Linear, type ParameterTree, relu, Sequential, softplus, type Tensor } from "webgpu-imle";
import { Pixels } from "./dataset.js";
import type { CostNetwork, Recipe } from "./recipes.js";
import { tileBytes, type TerrainMaps } from "./terrains.js";

const hiddenCount = 32;

/** 192-32-1, and softplus at its end: costs are above 0. */
export class TileNetwork implements CostNetwork {
  private readonly network: Sequential;
  private readonly pixels: Pixels;

  /** @param training  the maps that are trained on: all pixels are given relative to their mean */
  constructor(
    private readonly engine: Engine,
    training: TerrainMaps,
  ) {
    this.pixels = new Pixels(training);
    this.network = new Sequential(
      new Linear(engine, tileBytes, hiddenCount),
      relu,
      new Linear(engine, hiddenCount, 1),
      softplus,
    );
  }

  get parameters(): ParameterTree {
    return this.network.parameters;
  }

  upload(maps: TerrainMaps, places: ArrayLike<number>): Tensor {
    return this.pixels.tiles(this.engine, maps, places);
  }

  /** Each tile by what it looks like and nothing else: [B, side, side, 192] → [B, side, side]. */
  costs(tiles: Tensor): Tensor {
    return this.network.forward(tiles).reshape(tiles.shape.slice(0, -1));
  }

  train(): void {}

  eval(): void {}

  dispose(): void {
    this.network.dispose();
  }
}

export const tiles: Recipe = {
  summary: "192-32-1 on one tile at a time",
  defaultEpochs: 24,
  batchSize: 50,
  learningRate: 1e-2,
  decay: { after: [0.6, 0.85], factor: 1 / 5 },
  ablationEpochs: 2,
  secondsPerThousandMaps: { lavapipe: 1.5, other: 2 },
  expected: { accuracy: "at least 93 %", regret: "below 0.5 %" },
  steps:
    "A small network looks at one tile of 8\u00a0×\u00a08 pixels and says a cost; the same network for every tile.",
  create: (engine, training) => new TileNetwork(engine, training),
};
