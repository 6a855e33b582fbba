/**
 * How each kind of ground is painted: shades of its mean colour, in a pattern that repeats every 64 pixels. Own code;
 * the art of the game that the published maps come from is not used.
 */

import { randomNumbers } from "../report/random.js";

/** Pixels along the side of a texture, a power of two. */
export const textureSide = 64;

const seed = 64;

type Shade = (x: number, y: number) => number;

/** Shades from −1 to 1 or so, mean 0, row by row: colour = mean colour · (1 + shade). In the order of `terrains`. */
export function makeTextures(): Float32Array[] {
  const random = randomNumbers(seed);
  const [fine, rough, broad] = [valueNoise(random, 32), valueNoise(random, 16), valueNoise(random, 8)];
  const [crowns, facets] = [points(random, 90), points(random, 40)];
  const shades: readonly Shade[] = [
    (x, y) => 0.5 * fine(x, y) + 0.45 * rough(x, y) + (random() > 0.93 ? 0.45 : 0),
    (x, y) => 0.35 * broad(x, y) + 0.25 * fine(x, y) + (random() > 0.96 ? 0.3 : 0),
    (x, y) => Math.max(1.1 - 0.3 * nearest(crowns, x, y)[0], -0.6) + 0.3 * fine(x, y),
    (x, y) => 0.3 * Math.sin((2 * Math.PI * (6 * y + 1.5 * x)) / textureSide + 3 * broad(x, y)) + 0.2 * rough(x, y),
    (x, y) => {
      const [first, second, which] = nearest(facets, x, y);
      return (second - first < 1.2 ? -0.45 : 0.28 * ((which % 5) / 2 - 1)) + 0.3 * fine(x, y);
    },
  ];
  return shades.map((shade) => {
    const texture = Float32Array.from({ length: textureSide * textureSide }, (_, i) =>
      shade(i % textureSide, Math.floor(i / textureSide)),
    );
    const mean = texture.reduce((sum, value) => sum + value, 0) / texture.length;
    return texture.map((value) => value - mean);
  });
}

/** Smooth noise from −0.5 to 0.5 that repeats every 64 pixels, `cells` lattice cells along the side. */
export function valueNoise(random: () => number, cells: number): Shade {
  const lattice = Float32Array.from({ length: cells * cells }, () => random() - 0.5);
  const at = (column: number, row: number): number => lattice[(row % cells) * cells + (column % cells)]!;
  return (x, y) => {
    const [u, v] = [(x / textureSide) * cells, (y / textureSide) * cells];
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const [right, down] = [smooth(u - column), smooth(v - row)];
    const above = at(column, row) + right * (at(column + 1, row) - at(column, row));
    const below = at(column, row + 1) + right * (at(column + 1, row + 1) - at(column, row + 1));
    return above + down * (below - above);
  };
}

/** 0 to 1 with level ends. */
export const smooth = (t: number): number => t * t * (3 - 2 * t);

type Points = readonly (readonly [x: number, y: number])[];

const points = (random: () => number, count: number): Points =>
  Array.from({ length: count }, () => [textureSide * random(), textureSide * random()] as const);

/** Distances to the nearest and second nearest point around the torus, and which the nearest is. */
function nearest(all: Points, x: number, y: number): [first: number, second: number, which: number] {
  let [first, second, which] = [Infinity, Infinity, 0];
  for (const [i, [px, py]] of all.entries()) {
    const [dx, dy] = [Math.abs(x - px), Math.abs(y - py)];
    const distance = Math.hypot(Math.min(dx, textureSide - dx), Math.min(dy, textureSide - dy));
    if (distance < first) [first, second, which] = [distance, first, i];
    else if (distance < second) second = distance;
  }
  return [first, second, which];
}
