import { randomWhole } from "./random.js";

type Random = () => number;
type Cost = (random: Random, row: number, column: number, height: number, width: number) => number;

const terrain = [0.8, 1.2, 5.3, 7.7, 9.2];

/** Walls across the grid with a gap at alternating ends: the shortest path goes through all of it. */
const serpentine = (along: number, across: number, last: number): number =>
  along % 2 === 0 || across === (along % 4 === 1 ? last : 0) ? 1 : 1e4;

/** Costs of a cell by the family of its map: random, and such as break careless solvers. */
export const mapFamilies: Readonly<Record<string, Cost>> = {
  terrain: (random) => terrain[randomWhole(random, 0, 4)]!,
  constant: () => 1.7,
  zero: () => 0,
  "whole numbers with ties": (random) => randomWhole(random, 1, 3),
  "whole numbers and zeros": (random) => randomWhole(random, 0, 2),
  "1e-6 to 1e6": (random) => 10 ** (12 * random() - 6),
  "costs that vanish in rounding": (random) => (random() < 0.2 ? 1e6 : 1e-6 * random()),
  "serpentine along rows": (_, row, column, __, width) => serpentine(row, column, width - 1),
  "serpentine along columns": (_, row, column, height) => serpentine(column, row, height - 1),
  "of either sign": (random) => 2 * random() - 0.7,
  "negative zeros": (random) => (random() < 0.5 ? -0 : random() - 0.2),
  huge: (random) => 10 ** (38 * random()),
};

/** A map of a family, row-major f32. */
export function gridMap(family: string, random: Random, height: number, width: number): Float32Array<ArrayBuffer> {
  const cost = mapFamilies[family]!;
  return Float32Array.from({ length: height * width }, (_, i) => {
    return cost(random, Math.floor(i / width), i % width, height, width);
  });
}

/** Neighbours of a cell in order of index. */
export function neighboursOf(cell: number, height: number, width: number, neighbours: 4 | 8): number[] {
  const [row, column] = [Math.floor(cell / width), cell % width];
  const found: number[] = [];
  for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
    for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
      const away = Math.abs(y - row) + Math.abs(x - column);
      if (away === 1 || (away === 2 && neighbours === 8)) found.push(y * width + x);
    }
  }
  return found;
}

/** How a step costs, beside the cell's own cost. */
export interface StepRule {
  readonly neighbours: 4 | 8;
  /** A step across a corner costs √2 as much. */
  readonly euclidean?: boolean;
  readonly round?: (x: number) => number;
}

/** The cost of a step from one cell to one beside it. */
function stepCost(costs: ArrayLike<number>, from: number, to: number, width: number, rule: StepRule): number {
  const { euclidean = false, round = Math.fround } = rule;
  const across = from % width !== to % width && Math.floor(from / width) !== Math.floor(to / width);
  return euclidean && across ? round(round(Math.SQRT2) * costs[to]!) : costs[to]!;
}

/** The least cost of any simple path between opposite corners, by trying all of them; Infinity where there is none. */
export function leastByEnumeration(costs: ArrayLike<number>, height: number, width: number, rule: StepRule): number {
  const goal = height * width - 1;
  const visited = new Set<number>();
  let least = Infinity;
  const visit = (cell: number, sum: number): void => {
    if (sum >= least) return;
    if (cell === goal) {
      least = sum;
      return;
    }
    visited.add(cell);
    for (const next of neighboursOf(cell, height, width, rule.neighbours)) {
      if (!visited.has(next)) visit(next, sum + stepCost(costs, cell, next, width, rule));
    }
    visited.delete(cell);
  };
  visit(0, costs[0]!);
  return least;
}

/**
 * Path, distances and hops by their definition, in plain relaxation: distances as the limit from above of
 * `fl(w + min d)`, then hops as the limit from above over the neighbours that give a cell its distance and of these are
 * nearest, then each predecessor as the least by (distance, hops, index). Cells that cost Infinity are obstacles.
 */
export function pathByDefinition(
  costs: ArrayLike<number>,
  height: number,
  width: number,
  rule: StepRule,
): { path: Int32Array; distances: Float64Array; hops: Float64Array } {
  const { neighbours, round = Math.fround } = rule;
  const size = height * width;
  const around = Array.from({ length: size }, (_, cell) => neighboursOf(cell, height, width, neighbours));
  const settle = (values: Float64Array, lower: (cell: number) => number): void => {
    for (let changed = true; changed; ) {
      changed = false;
      for (let cell = 1; cell < size; cell++) {
        const value = lower(cell);
        if (value < values[cell]!) {
          values[cell] = value;
          changed = true;
        }
      }
    }
  };
  const distances = new Float64Array(size).fill(Infinity);
  distances[0] = costs[0]!;
  const through = (from: number, to: number): number =>
    round(stepCost(costs, from, to, width, rule) + distances[from]!);
  settle(distances, (cell) => Math.min(...around[cell]!.map((next) => through(next, cell))));
  const nearest = around.map((cells, cell) => {
    const tight = cells.filter((next) => distances[cell]! < Infinity && through(next, cell) === distances[cell]);
    const least = Math.min(...tight.map((next) => distances[next]!));
    return tight.filter((next) => distances[next] === least);
  });
  const hops = new Float64Array(size).fill(Infinity);
  hops[0] = distances[0] === Infinity ? Infinity : 0;
  settle(hops, (cell) => 1 + Math.min(...nearest[cell]!.map((next) => hops[next]!)));
  const path = new Int32Array(size);
  if (distances[size - 1] === Infinity) return { path, distances, hops };
  const predecessor = (cell: number): number =>
    nearest[cell]!.reduce((best, next) => (hops[next]! < hops[best]! ? next : best));
  for (let cell = size - 1; cell !== 0; cell = predecessor(cell)) path[cell] = 1;
  path[0] = 1;
  return { path, distances, hops };
}
