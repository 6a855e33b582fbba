/** Cheapest paths by the costs that a network says, and the loss that it learns from. */

import {
  dijkstraGrid,
  imle,
  type ImleLayer,
  type Noise,
  noNoise,
  perturbAndMap,
  pid,
  sumOfGamma,
  type Tensor,
} from "webgpu-imle";
import type { CostNetwork } from "./recipes.js";

const temperature = 0.3;
// Each cell's cost is pushed by so much up, or down on the best path, whatever batch the loss is averaged over.
const push = 0.4;

/** Eight neighbours, from the top left to the bottom right. */
export const shortestPath = dijkstraGrid({ neighbours: 8 });

/** Ones in a state: a path crosses about 1.25 tiles for each of the map's side. */
const noiseFor = (side: number): Noise => sumOfGamma({ kappa: Math.round(1.25 * side) });

export interface PathFinderOptions {
  /** Tiles along the side of a map. */
  readonly side: number;
  /** Maps that the loss is averaged over. */
  readonly batch: number;
  /** False trains without noise. */
  readonly perturbed: boolean;
}

export class PathFinder {
  private readonly noise: Noise;
  private readonly layer: ImleLayer;

  constructor(
    readonly network: CostNetwork,
    { side, batch, perturbed }: PathFinderOptions,
  ) {
    this.noise = noiseFor(side);
    this.layer = imle(shortestPath, {
      noise: perturbed ? this.noise : noNoise(),
      temperature,
      target: pid({ alpha: 1, lambda: push * batch }),
    });
  }

  /** Paths under these costs as in training: [B, side, side], 1 where they go. */
  paths(costs: Tensor): Tensor {
    return this.layer(costs);
  }

  /** For each cell the share of paths that cross it, of so many under noise; carries no gradient. */
  marginals(costs: Tensor, samples: number): Tensor {
    return perturbAndMap(shortestPath, costs, { noise: this.noise, temperature, samples });
  }
}

/**
 * Cells in which paths differ from the best ones, mean over the batch, less the best ones' own length (which has no
 * gradient): Σ z(1 − y) + (1 − z)y = Σ z(1 − 2y) + Σ y.
 *
 * @param signs  1 − 2y: −1 on a best path, else 1
 */
export function hammingLoss(paths: Tensor, signs: Tensor): Tensor {
  return paths.mul(signs).sum().div(paths.shape[0]!);
}
