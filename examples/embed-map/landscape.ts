/** The land of the demo: heights, kinds of ground, and what the learner is told of each cell. */

import { randomNumbers } from "../report/random.js";

/** Cells along a side. */
export const side = 32;
export const cells = side * side;

/** Kinds of ground, in the order of their numbers. */
export const kindNames = ["grass", "dirt", "forest", "water", "rock"] as const;

/** Numbers that describe a cell to the learner: which kind it is of (one of five is 1), and how steep it is. */
export const featureCount = kindNames.length + 1;

export interface Landscape {
  /** Heights of the corners, [side + 1, side + 1], from 0; cells are 1 wide. */
  readonly heights: Float32Array<ArrayBuffer>;
  /** Kind of each cell, [side, side]. */
  readonly kinds: Uint32Array<ArrayBuffer>;
  /** [side · side, featureCount]. */
  readonly features: Float32Array<ArrayBuffer>;
}

/** Value noise: random numbers on a lattice, smoothly between them. */
function valueNoise(random: () => number, points: number): (x: number, y: number) => number {
  const lattice = Float64Array.from({ length: (points + 2) ** 2 }, random);
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  return (x, y) => {
    const [u, v] = [x * points, y * points];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [smooth(u - i), smooth(v - j)];
    const at = (dx: number, dy: number): number => lattice[(j + dy) * (points + 2) + i + dx]!;
    return (at(0, 0) * (1 - s) + at(1, 0) * s) * (1 - t) + (at(0, 1) * (1 - s) + at(1, 1) * s) * t;
  };
}

/** Octaves of value noise, each of half the height and twice as fine. */
function octaves(random: () => number, points: number, count: number): (x: number, y: number) => number {
  const layers = Array.from({ length: count }, (_, octave) => valueNoise(random, points * 2 ** octave));
  return (x, y) => layers.reduce((sum, layer, octave) => sum + layer(x, y) / 2 ** octave, 0);
}

/** The value below which a share of the values lies. */
const quantile = (values: ArrayLike<number>, share: number): number =>
  Float64Array.from(values).sort()[Math.floor(share * (values.length - 1))]!;

/** Makes a landscape of a seed: lakes in the lowest places, rock in the highest, woods where it is wet. */
export function makeLandscape(seed: number): Landscape {
  const random = randomNumbers(seed);
  const shape = octaves(random, 3, 4);
  const wetness = octaves(random, 4, 2);
  const corners = side + 1;
  const raw = Float64Array.from({ length: corners * corners }, (_, i) =>
    shape((i % corners) / corners, Math.floor(i / corners) / corners),
  );
  const [water, peak] = [quantile(raw, 0.16), quantile(raw, 1)];
  const heights = Float32Array.from(raw, (h) => 7 * (Math.max(h - water, 0) / (peak - water)) ** 1.3);

  const cornersOf = (cell: number): readonly number[] => {
    const first = Math.floor(cell / side) * corners + (cell % side);
    return [first, first + 1, first + corners, first + corners + 1].map((corner) => heights[corner]!);
  };
  const middles = Float64Array.from({ length: cells }, (_, cell) => cornersOf(cell).reduce((sum, h) => sum + h, 0) / 4);
  const slopes = Float64Array.from({ length: cells }, (_, c) => Math.max(...cornersOf(c)) - Math.min(...cornersOf(c)));
  const wet = Float64Array.from({ length: cells }, (_, cell) =>
    wetness((cell % side) / side, Math.floor(cell / side) / side),
  );
  const [rock, forest, dirt] = [quantile(middles, 0.87), quantile(wet, 0.66), quantile(wet, 0.28)];
  const kinds = Uint32Array.from({ length: cells }, (_, cell) => {
    if (middles[cell]! < 0.05) return kindNames.indexOf("water");
    if (middles[cell]! > rock) return kindNames.indexOf("rock");
    if (wet[cell]! > forest) return kindNames.indexOf("forest");
    return kindNames.indexOf(wet[cell]! < dirt ? "dirt" : "grass");
  });
  const features = new Float32Array(cells * featureCount);
  kinds.forEach((kind, cell) => {
    features[cell * featureCount + kind] = 1;
    features[cell * featureCount + kindNames.length] = slopes[cell]!;
  });
  return { heights, kinds, features };
}

/** The height of the ground at a place, in cells from the corner of the map; 0 beside it. */
export function heightAt({ heights }: Landscape, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= side || y >= side) return 0;
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [s, t] = [x - i, y - j];
  const first = j * (side + 1) + i;
  const [a, b] = [heights[first]!, heights[first + 1]!];
  const [c, d] = [heights[first + side + 1]!, heights[first + side + 2]!];
  return (a * (1 - s) + b * s) * (1 - t) + (c * (1 - s) + d * s) * t;
}
