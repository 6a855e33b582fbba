/** Maps on their way to the device. */

import type { Engine, Tensor } from "webgpu-imle";
import { tileBytes, tileSide, type TerrainMaps } from "./terrains.js";

/** Maps, each with a cheapest path. */
export interface LabelledMaps {
  readonly maps: TerrainMaps;
  /** [count, side, side], 1 where the path goes. */
  readonly paths: Uint8Array;
}

export interface TerrainData {
  readonly train: LabelledMaps;
  /** Maps that are neither trained on nor the last word; null where there are none. */
  readonly validation: LabelledMaps | null;
  /** Maps that are never trained on. */
  readonly test: LabelledMaps;
}

/**
 * Bytes as a network takes them: from 0 to 1, less the training maps' mean in each colour channel; standardised ones
 * are divided by their deviation as well. A network that sees one tile starts better on the small numbers of the former:
 * it tells kinds of ground apart before it tells their textures.
 */
export class Pixels {
  private readonly values: readonly Float32Array[];

  constructor({ tiles }: TerrainMaps, { standardised = false } = {}) {
    this.values = [0, 1, 2].map((channel) => {
      let [sum, squares] = [0, 0];
      for (let i = channel; i < tiles.length; i += 3) {
        sum += tiles[i]!;
        squares += tiles[i]! ** 2;
      }
      const count = tiles.length / 3;
      const mean = sum / count;
      // Pictures of one colour have no deviation.
      const scale = standardised ? Math.max(1, Math.sqrt(squares / count - mean ** 2)) : 255;
      return Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) / scale);
    });
  }

  /** The tiles of these maps, one after the other: f32 [maps, side, side, 192]. */
  tiles(engine: Engine, { side, tiles }: TerrainMaps, places: ArrayLike<number>): Tensor {
    const [red, green, blue] = this.values as [Float32Array, Float32Array, Float32Array];
    const bytes = side * side * tileBytes;
    const values = new Float32Array(places.length * bytes);
    let to = 0;
    for (let i = 0; i < places.length; i++) {
      const end = (places[i]! + 1) * bytes;
      for (let from = places[i]! * bytes; from < end; from += 3) {
        values[to++] = red[tiles[from]!]!;
        values[to++] = green[tiles[from + 1]!]!;
        values[to++] = blue[tiles[from + 2]!]!;
      }
    }
    return engine.tensor(values, [places.length, side, side, tileBytes]);
  }

  /** The pictures of these maps, colour after colour: f32 [maps, 3, 8·side, 8·side]. */
  pictures(engine: Engine, maps: TerrainMaps, places: ArrayLike<number>): Tensor {
    const width = tileSide * maps.side;
    const values = new Float32Array(places.length * 3 * width * width);
    let to = 0;
    for (let i = 0; i < places.length; i++) {
      const picture = pictureOf(maps, places[i]!);
      for (const [channel, table] of this.values.entries()) {
        for (let from = channel; from < picture.length; from += 3) values[to++] = table[picture[from]!]!;
      }
    }
    return engine.tensor(values, [places.length, 3, width, width]);
  }
}

/** A map's pixels row by row, as pictures have them: 3 bytes a pixel. */
export function pictureOf({ side, tiles }: TerrainMaps, map: number): Uint8Array {
  const picture = new Uint8Array(side * side * tileBytes);
  const rowBytes = 3 * tileSide;
  for (let tile = 0; tile < side * side; tile++) {
    const from = (map * side * side + tile) * tileBytes;
    for (let y = 0; y < tileSide; y++) {
      const row = Math.floor(tile / side) * tileSide + y;
      const line = tiles.subarray(from + y * rowBytes, from + (y + 1) * rowBytes);
      picture.set(line, (row * side + (tile % side)) * rowBytes);
    }
  }
  return picture;
}
