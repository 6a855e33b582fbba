/** How good paths are by the true costs, counted on the host in float64. */

import type { Measured } from "./events.js";
import { terrainOf, terrains, type TerrainMaps } from "./terrains.js";

// The tolerance for true costs in f32: real gaps between paths are 0.1 and more, on lengths of 10 to 100.
const tolerance = 1e-5;

/** Whether marked cells (1, else 0) connect the top left with the bottom right by steps to eight neighbours. */
export function connects(marks: ArrayLike<number>, side: number): boolean {
  const reached = new Uint8Array(side * side);
  const open: number[] = [];
  const visit = (cell: number): void => {
    if (marks[cell] !== 1 || reached[cell] === 1) return;
    reached[cell] = 1;
    open.push(cell);
  };
  visit(0);
  for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
    const [row, column] = [Math.floor(cell / side), cell % side];
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, side - 1); y++) {
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, side - 1); x++) visit(y * side + x);
    }
  }
  return reached[side * side - 1] === 1;
}

/** Cost of the marked cells. */
export function costOf(marks: ArrayLike<number>, costs: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < costs.length; i++) sum += marks[i]! * costs[i]!;
  return sum;
}

/**
 * Compares paths with cheapest ones. A path is right if it connects the corners and costs no more than a cheapest one
 * (times 1 + 1e-5): most maps have many cheapest paths.
 *
 * @param best  cheapest paths, [count, side, side], 1 where they go
 * @param paths  the paths in question, likewise
 * @param learnt  the costs that led to them, likewise
 */
export function measure(
  maps: TerrainMaps,
  best: ArrayLike<number>,
  paths: ArrayLike<number>,
  learnt: ArrayLike<number>,
): Measured {
  const { count, side, costs } = maps;
  const cells = side * side;
  const sums = { right: 0, regret: 0, hamming: 0 };
  const row = (values: ArrayLike<number>, map: number): number[] =>
    Array.from({ length: cells }, (_, cell) => values[map * cells + cell]!);
  for (let map = 0; map < count; map++) {
    const [truth, wanted, found] = [row(costs, map), row(best, map), row(paths, map)];
    const least = costOf(wanted, truth);
    const cost = costOf(found, truth);
    if (cost <= least * (1 + tolerance) && connects(found, side)) sums.right++;
    sums.regret += cost / least - 1;
    sums.hamming += found.filter((mark, cell) => mark !== wanted[cell]).length;
  }
  return {
    accuracy: sums.right / count,
    regret: sums.regret / count,
    hamming: sums.hamming / count,
    costs: meanByTerrain(costs, learnt),
  };
}

/** Mean of the values over the tiles of each terrain, told by their true costs. */
function meanByTerrain(costs: Float32Array, values: ArrayLike<number>): (number | null)[] {
  const sums = terrains.map(() => ({ sum: 0, count: 0 }));
  for (const [i, cost] of costs.entries()) {
    const entry = sums[terrainOf(cost)]!;
    entry.sum += values[i]!;
    entry.count++;
  }
  return sums.map(({ sum, count }) => (count === 0 ? null : sum / count));
}

/** Share of each terrain among the tiles. */
export function terrainShares({ costs }: TerrainMaps): number[] {
  const counts = terrains.map(() => 0);
  for (const cost of costs) counts[terrainOf(cost)]!++;
  return counts.map((count) => count / costs.length);
}
