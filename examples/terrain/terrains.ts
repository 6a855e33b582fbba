/** The five kinds of ground, and how maps of them lie in memory. */

export interface Terrain {
  readonly name: string;
  /** Cost of a tile on a path. */
  readonly cost: number;
  /** Mean colour, red, green and blue from 0 to 255. */
  readonly colour: readonly [number, number, number];
}

/** From the cheapest to the dearest: costs and mean colours of the published Warcraft maps. */
export const terrains: readonly Terrain[] = [
  { name: "grass", cost: 0.8, colour: [44, 81, 10] },
  { name: "dirt", cost: 1.2, colour: [104, 63, 3] },
  { name: "forest", cost: 5.3, colour: [16, 78, 8] },
  { name: "water", cost: 7.7, colour: [12, 49, 91] },
  { name: "rock", cost: 9.2, colour: [77, 77, 77] },
];

/** Pixels along the side of a tile. */
export const tileSide = 8;

/** Bytes of a tile: its pixels row by row, red, green and blue of each. */
export const tileBytes = 3 * tileSide * tileSide;

/** Maps of one size. Tiles are counted row by row. */
export interface TerrainMaps {
  readonly count: number;
  /** Tiles along the side of a map. */
  readonly side: number;
  /** [count, side · side, 192]: tile after tile, so that a network that sees one tile reads a run of bytes. */
  readonly tiles: Uint8Array;
  /** True costs, [count, side, side]. */
  readonly costs: Float32Array;
}

/** The terrain whose cost is nearest, as its place in {@link terrains}. */
export function terrainOf(cost: number): number {
  let nearest = 0;
  for (const [place, terrain] of terrains.entries()) {
    if (Math.abs(terrain.cost - cost) < Math.abs(terrains[nearest]!.cost - cost)) nearest = place;
  }
  return nearest;
}

/** Maps `first` … `first + count − 1`: views, no copies. */
export function part({ side, tiles, costs }: TerrainMaps, first: number, count: number): TerrainMaps {
  const cells = side * side;
  return {
    count,
    side,
    tiles: tiles.subarray(first * cells * tileBytes, (first + count) * cells * tileBytes),
    costs: costs.subarray(first * cells, (first + count) * cells),
  };
}
