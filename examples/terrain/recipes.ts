/** The networks that say what the ground costs, and how each is trained. A further one is a file and a line here. */

import type { Engine, ParameterTree, Tensor } from "webgpu-imle";
import { resnet } from "./resnet.js";
import type { TerrainMaps } from "./terrains.js";
import { tiles } from "./tile-network.js";

/** A network from pictures to costs. */
export interface CostNetwork {
  readonly parameters: ParameterTree;
  /** The maps at these places, as {@link costs} takes them. */
  upload(maps: TerrainMaps, places: ArrayLike<number>): Tensor;
  /** Costs of their tiles, not below 0: [B, side, side]. */
  costs(pictures: Tensor): Tensor;
  /** Behaves as in training. */
  train(): void;
  /** Behaves as at test time. */
  eval(): void;
  /** Frees the parameters. */
  dispose(): void;
}

export interface Recipe {
  /** A few words for `--help`. */
  readonly summary: string;
  readonly defaultEpochs: number;
  readonly batchSize: number;
  /** Of Adam, at first. */
  readonly learningRate: number;
  /** After these shares of the epochs the learning rate is multiplied by the factor. */
  readonly decay: { readonly after: readonly number[]; readonly factor: number };
  /** For so many epochs a second network learns the same without noise. */
  readonly ablationEpochs: number;
  /** Measured on two processor cores: what an epoch takes for each thousand maps to train on, tests included. */
  readonly secondsPerThousandMaps: { readonly lavapipe: number; readonly other: number };
  /** Of made-up maps after the default epochs; null where nothing is known. */
  readonly expected: { readonly accuracy: string; readonly regret: string } | null;
  /** What the network does, for the page. */
  readonly steps: string;
  /** @param training  the maps that are trained on */
  create(engine: Engine, training: TerrainMaps): CostNetwork;
}

/** By what `--model` calls them; the first is the default. */
export const recipes = { tiles, resnet } as const satisfies Readonly<Record<string, Recipe>>;

export type ModelName = keyof typeof recipes;

export const defaultModel: ModelName = "tiles";
