/** Maps made up from a seed: terrain by two octaves of value noise, tiles painted by own code. */

import { randomNumbers } from "../report/random.js";
import { terrains, tileBytes, tileSide, type TerrainMaps } from "./terrains.js";
import { makeTextures, smooth, textureSide, valueNoise } from "./textures.js";

/** The share of all tiles that lies below grass, dirt, forest and water, in this order; the rest is rock. */
const quantiles = [0.3, 0.7, 0.88, 0.95] as const;

// Borders between terrains wander by up to so many pixels, so that the middle of a tile is always its own.
const wander = 1.5;
const noiseDeviation = 7;

/**
 * Draws maps. The quantiles are taken over all of them: one map may be all meadow, another a gorge.
 *
 * @param seed  a u32: the same seed gives the same maps
 */
export function generateMaps(count: number, side: number, seed: number): TerrainMaps {
  const random = randomNumbers(seed);
  const cells = side * side;
  const heights = new Float32Array(count * cells);
  for (let map = 0; map < count; map++) drawHeights(heights.subarray(map * cells, (map + 1) * cells), side, random);
  const kinds = kindsOf(heights);
  const maps = {
    count,
    side,
    tiles: new Uint8Array(count * cells * tileBytes),
    costs: Float32Array.from(kinds, (kind) => terrains[kind]!.cost),
  };
  const paint = painter(side, random);
  for (let map = 0; map < count; map++) {
    const [first, last] = [map * cells, (map + 1) * cells];
    paint(kinds.subarray(first, last), maps.tiles.subarray(first * tileBytes, last * tileBytes));
  }
  return maps;
}

/** Adds lattices of random numbers, spaced by 4 tiles and, half as strong, by 2, at a random offset. */
function drawHeights(heights: Float32Array, side: number, random: () => number): void {
  for (const [spacing, strength] of [[4, 1], [2, 0.5]] as const) {
    const width = Math.ceil(side / spacing) + 2;
    const lattice = Float32Array.from({ length: width * width }, random);
    const [left, top] = [random(), random()];
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const [u, v] = [column / spacing + left, row / spacing + top];
        const [x, y] = [Math.floor(u), Math.floor(v)];
        const [right, down] = [smooth(u - x), smooth(v - y)];
        const at = y * width + x;
        const above = lattice[at]! * (1 - right) + lattice[at + 1]! * right;
        const below = lattice[at + width]! * (1 - right) + lattice[at + width + 1]! * right;
        heights[row * side + column]! += strength * (above * (1 - down) + below * down);
      }
    }
  }
}

function kindsOf(heights: Float32Array): Uint8Array {
  const sorted = heights.slice().sort();
  const bounds = quantiles.map((share) => sorted[Math.floor(share * sorted.length)]!);
  return Uint8Array.from(heights, (height) => bounds.filter((bound) => height >= bound).length);
}

/** A function that paints one map: terrain of each tile in, tiles out. */
function painter(side: number, random: () => number): (kinds: Uint8Array, tiles: Uint8Array) => void {
  const textures = makeTextures();
  const colours = Float32Array.from(terrains.flatMap(({ colour }) => colour));
  const [sideways, downwards] = [wandering(random), wandering(random)];
  const noise = Float32Array.from({ length: 4096 }, () => noiseDeviation * normal(random));
  const mask = textureSide - 1;
  const last = side * tileSide - 1;

  return (kinds, tiles) => {
    const kindAt = (x: number, y: number): number => {
      const row = Math.min(Math.max(y, 0), last) >> 3;
      return kinds[row * side + (Math.min(Math.max(x, 0), last) >> 3)]!;
    };
    const shift = Math.floor(random() * textureSide * textureSide);
    let grain = Math.floor(random() * 2 ** 32);
    let at = 0;
    for (let tile = 0; tile < side * side; tile++) {
      const left = (tile % side) * tileSide;
      const top = Math.floor(tile / side) * tileSide;
      const light = 0.97 + 0.06 * random();
      for (let i = 0; i < tileSide * tileSide; i++) {
        const x = left + (i % tileSide);
        const y = top + Math.floor(i / tileSide);
        const place = ((y + Math.floor(shift / textureSide)) & mask) * textureSide + ((x + shift) & mask);
        const fromX = x + sideways[place]!;
        const fromY = y + downwards[place]!;
        const kind = kindAt(Math.round(fromX), Math.round(fromY));
        // Where another terrain begins one step further, the two colours meet half-way.
        const other = kindAt(Math.round(fromX + 1), Math.round(fromY + 1));
        const shade = 0.5 * light * (1 + textures[kind]![place]!) * (kind === other ? 1 : 0.86);
        grain = (Math.imul(grain, 1664525) + 1013904223) >>> 0;
        for (let channel = 0; channel < 3; channel++) {
          const colour = (colours[3 * kind + channel]! + colours[3 * other + channel]!) * shade;
          const value = colour + noise[(grain >>> (8 + 4 * channel)) & 4095]!;
          tiles[at++] = value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5;
        }
      }
    }
  };
}

function wandering(random: () => number): Float32Array {
  const [broad, fine] = [valueNoise(random, 12), valueNoise(random, 24)];
  return Float32Array.from({ length: textureSide * textureSide }, (_, i) => {
    const [x, y] = [i % textureSide, Math.floor(i / textureSide)];
    return Math.min(Math.max(2 * wander * (0.75 * broad(x, y) + 0.5 * fine(x, y)), -wander), wander);
  });
}

/** Box and Muller. */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
