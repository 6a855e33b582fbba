/** Maps on their way to the device. */

import type { Engine, Tensor } from "webgpu-imle";
import { tileBytes, tileSide, type TerrainMaps } from "./terrains.js";

/** Maps to train on and maps that are never trained on, each with a cheapest path, [count, side, side]. */
export interface TerrainData {
  readonly train: TerrainMaps;
  readonly trainPaths: Uint8Array;
  readonly test: TerrainMaps;
  readonly testPaths: Uint8Array;
}

/**
 * Bytes as a network takes them: from 0 to 1, less the training maps' mean in each colour channel. Not divided by their
 * deviation: a network that starts on small numbers tells kinds of ground apart before it tells their textures.
 */
export class Pixels {
  private readonly values: readonly Float32Array[];

  constructor({ tiles }: TerrainMaps) {
    this.values = [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let i = channel; i < tiles.length; i += 3) sum += tiles[i]!;
      const mean = sum / (tiles.length / 3);
      return Float32Array.from({ length: 256 }, (_, byte) => (byte - mean) / 255);
    });
  }

  /** The tiles of these maps, one after the other: f32 [maps, side, side, 192]. */
  upload(engine: Engine, { side, tiles }: TerrainMaps, places: ArrayLike<number>): Tensor {
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
