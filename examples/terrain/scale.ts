/** Learnt costs beside true ones: the same paths are cheapest whatever all costs are multiplied by. */

import type { Measured } from "./events.js";
import { terrains } from "./terrains.js";

/**
 * The factor that brings learnt costs closest to the true ones: least squares over the terrains' means, weighed by how
 * many tiles they have. 1 where all are zero.
 *
 * @param shares  share of each terrain among the tiles
 */
export function costFactor({ costs }: Measured, shares: readonly number[]): number {
  let [product, square] = [0, 0];
  for (const [i, { cost }] of terrains.entries()) {
    const learnt = costs[i] ?? 0;
    product += shares[i]! * cost * learnt;
    square += shares[i]! * learnt * learnt;
  }
  return square > 0 ? product / square : 1;
}

/** Mean learnt cost of a tile, as it comes. */
export function meanCost({ costs }: Measured, shares: readonly number[]): number {
  return costs.reduce<number>((sum, cost, i) => sum + shares[i]! * (cost ?? 0), 0);
}
