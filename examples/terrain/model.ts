/** A network that looks at one tile at a time and says what it costs; the same network for every tile. */

import {
  type Engine,
  dijkstraGrid,
  imle,
  type ImleLayer,
  Linear,
  type Noise,
  noNoise,
  type ParameterTree,
  perturbAndMap,
  pid,
  relu,
  Sequential,
  softplus,
  sumOfGamma,
  type Tensor,
} from "webgpu-imle";
import { tileBytes } from "./terrains.js";

const hiddenCount = 32;
const temperature = 0.3;
// For the loss averaged over a batch of 50: each cell's cost is pushed by 20/50 up, or down on the best path.
const lambda = 20;

/** Of Adam, at first. */
export const learningRate = 1e-2;

/** Eight neighbours, from the top left to the bottom right. */
export const shortestPath = dijkstraGrid({ neighbours: 8 });

/** Ones in a state: a path crosses about 1.25 tiles for each of the map's side. */
const noiseFor = (side: number): Noise => sumOfGamma({ kappa: Math.round(1.25 * side) });

export class PathFinder {
  private readonly network: Sequential;
  private readonly noise: Noise;
  private readonly layer: ImleLayer;

  /**
   * @param side  tiles along the side of a map
   * @param options.perturbed  false trains without noise
   */
  constructor(engine: Engine, side: number, { perturbed }: { perturbed: boolean }) {
    this.network = new Sequential(
      new Linear(engine, tileBytes, hiddenCount),
      relu,
      new Linear(engine, hiddenCount, 1),
      softplus,
    );
    this.noise = noiseFor(side);
    this.layer = imle(shortestPath, {
      noise: perturbed ? this.noise : noNoise(),
      temperature,
      target: pid({ alpha: 1, lambda }),
    });
  }

  get parameters(): ParameterTree {
    return this.network.parameters;
  }

  /** Frees the parameters. */
  dispose(): void {
    this.network.dispose();
  }

  /** Costs of tiles [B, side, side, 192], each by what it looks like and nothing else: [B, side, side], above 0. */
  costs(tiles: Tensor): Tensor {
    return this.network.forward(tiles).reshape(tiles.shape.slice(0, -1));
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
