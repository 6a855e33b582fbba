/** Small files in the format of the published Warcraft maps: their bytes, on any runtime. */

import { dijkstraGridCpu } from "webgpu-imle/testing";

export const side = 3;
export const cells = side * side;
export const picturePixels = 8 * side;

/** An npy file of version 1.0, written by the format's own description. */
export function npy(type: string, shape: readonly number[], bytes: Uint8Array, order = "False"): Uint8Array {
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${lengths}), }`;
  const padded = text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11) + "\n";
  const encoder = new TextEncoder();
  const head = Uint8Array.of(0x93, ...encoder.encode("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8);
  const file = new Uint8Array(head.length + padded.length + bytes.length);
  file.set(head);
  file.set(encoder.encode(padded), head.length);
  file.set(bytes, head.length + padded.length);
  return file;
}

/** The half floats nearest to 0.8, 1.2, 5.3, 7.7 and 9.2, as numpy rounds them, by their bits. */
const halves = [0x3a66, 0x3ccd, 0x454d, 0x47b3, 0x489a];
export const halfValues = [0.7998046875, 1.2001953125, 5.30078125, 7.69921875, 9.203125];

export interface Content {
  kinds: Uint8Array;
  pictures: Uint8Array;
  paths: Uint8Array;
}

/** Maps whose numbers are all told by their places. */
function content(count: number): Content {
  const kinds = Uint8Array.from({ length: count * cells }, (_, i) => (i * 7 + (i >> 3)) % 5);
  const pictures = Uint8Array.from({ length: count * picturePixels ** 2 * 3 }, (_, i) => (i * 31 + (i >> 8)) % 256);
  const paths = new Uint8Array(count * cells);
  for (let map = 0; map < count; map++) {
    const costs = Array.from(kinds.subarray(map * cells, (map + 1) * cells), (kind) => halfValues[kind]!);
    paths.set(dijkstraGridCpu(costs, [side, side]).path, map * cells);
  }
  return { kinds, pictures, paths };
}

export const weightBytes = (kinds: Uint8Array): Uint8Array =>
  new Uint8Array(Uint16Array.from(kinds, (kind) => halves[kind]!).buffer);

export function mapBytes(count: number, pictures: Uint8Array): Uint8Array {
  return npy("|u1", [count, picturePixels, picturePixels, 3], pictures);
}

export const kinds = ["maps", "vertex_weights", "shortest_paths"] as const;

/** The three files of a split, and what is in them. */
export function splitFiles(count: number): Content & { readonly files: Readonly<Record<string, Uint8Array>> } {
  const all = content(count);
  const files = {
    maps: mapBytes(count, all.pictures),
    vertex_weights: npy("<f2", [count, side, side], weightBytes(all.kinds)),
    shortest_paths: npy("|u1", [count, side, side], all.paths),
  };
  return { ...all, files };
}
