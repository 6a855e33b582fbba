/**
 * Reads the published Warcraft maps (Vlastelica et al. 2020): maps u8 [n, 8·side, 8·side, 3], vertex weights f16
 * [n, side, side], shortest paths 0/1 [n, side, side], as npy files, each whole or in parts along n.
 */

import { parse } from "npyjs";
import { ImleError } from "webgpu-imle";
import type { LabelledMaps, TerrainData } from "./dataset.js";
import { connects } from "./metrics.js";
import { tileBytes, tileSide } from "./terrains.js";

export const publishedKinds = ["maps", "vertex_weights", "shortest_paths"] as const;
type Kind = (typeof publishedKinds)[number];

/** The files of each kind, in order. */
export type SplitFiles = Readonly<Record<Kind, readonly string[]>>;

export interface PublishedFiles {
  readonly train: SplitFiles;
  /** Null where the folder has none. */
  readonly val: SplitFiles | null;
  readonly test: SplitFiles;
}

/** Element types that each kind may have, as npy writes them. */
const types: Readonly<Record<Kind, readonly string[]>> = {
  maps: ["u1"],
  vertex_weights: ["f2", "f4", "f8"],
  shortest_paths: ["u1", "i1"],
};

interface Values {
  readonly file: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

function dataError(file: string, must: string, got: string): ImleError {
  const fix = "Fetch the file again, or check its folder.";
  return new ImleError("data", `--data: ${file} must ${must}, got ${got}`, fix);
}

/**
 * @param read  the bytes of a file
 * @throws ImleError `data` when a file is truncated, of another format, or does not fit the others
 */
export async function readPublished(
  files: PublishedFiles,
  read: (file: string) => Promise<ArrayBuffer>,
): Promise<TerrainData> {
  const train = await readSplit(files.train, read);
  const readOther = async (split: SplitFiles): Promise<LabelledMaps> => {
    const found = await readSplit(split, read);
    const { side } = train.maps;
    if (found.maps.side === side) return found;
    throw dataError(split.vertex_weights[0]!, `have ${side} tiles a side as in training`, String(found.maps.side));
  };
  const validation = files.val === null ? null : await readOther(files.val);
  return { train, validation, test: await readOther(files.test) };
}

async function readSplit(files: SplitFiles, read: (file: string) => Promise<ArrayBuffer>): Promise<LabelledMaps> {
  const weights = await readAll("vertex_weights", files.vertex_weights, read);
  const paths = await readAll("shortest_paths", files.shortest_paths, read);
  const [, side] = weights[0]!.shape as [number, number];
  for (const { file, shape } of [...weights, ...paths]) {
    const fits = shape.length === 3 && shape[1] === side && shape[2] === side && side >= 2;
    if (!fits) throw dataError(file, `have shape [maps, ${side}, ${side}]`, shapeText(shape));
  }
  const count = countOf(weights);
  if (countOf(paths) !== count) {
    throw dataError(paths[0]!.file, `have ${count} maps as the vertex weights`, String(countOf(paths)));
  }
  const cells = side * side;
  const costs = joined(weights, new Float32Array(count * cells));
  const bad = costs.findIndex((cost) => !(cost > 0 && cost < Infinity));
  if (bad >= 0) throw dataError(weights[0]!.file, "have costs above 0", `${costs[bad]} at ${bad}`);
  const marks = joined(paths, new Uint8Array(count * cells));
  checkPaths(paths[0]!.file, marks, side);
  const tiles = await readTiles(files.maps, count, side, read);
  return { maps: { count, side, tiles, costs }, paths: marks };
}

const countOf = (parts: readonly Values[]): number => parts.reduce((sum, { shape }) => sum + shape[0]!, 0);

/** The values of all parts, one after the other. */
function joined<T extends Float32Array | Uint8Array>(parts: readonly Values[], target: T): T {
  let place = 0;
  for (const { values } of parts) {
    target.set(values, place);
    place += values.length;
  }
  return target;
}

function checkPaths(file: string, marks: Uint8Array, side: number): void {
  const cells = side * side;
  for (let map = 0; map * cells < marks.length; map++) {
    const path = marks.subarray(map * cells, (map + 1) * cells);
    const stray = path.find((mark) => mark > 1);
    if (stray !== undefined) throw dataError(file, "have zeros and ones", `${stray} in map ${map}`);
    if (!connects(path, side)) throw dataError(file, "connect the corners of every map", `none in map ${map}`);
  }
}

/** The pictures, tile after tile; a part at a time, since the larger sets have gigabytes. */
async function readTiles(
  files: readonly string[],
  count: number,
  side: number,
  read: (file: string) => Promise<ArrayBuffer>,
): Promise<Uint8Array> {
  const bytes = side * side * tileBytes;
  const tiles = new Uint8Array(count * bytes);
  let first = 0;
  for (const file of files) {
    const { shape, values } = (await readAll("maps", [file], read))[0]!;
    const pixels = side * tileSide;
    const fits = shape.length === 4 && shape[1] === pixels && shape[2] === pixels && shape[3] === 3;
    if (!fits) throw dataError(file, `have shape [maps, ${pixels}, ${pixels}, 3] as its tiles have`, shapeText(shape));
    const maps = Math.min(shape[0]!, count - first);
    const pictures = values as Uint8Array;
    for (let i = 0; i < maps; i++) {
      cut(pictures.subarray(i * bytes, (i + 1) * bytes), tiles.subarray((first + i) * bytes), side);
    }
    first += shape[0]!;
  }
  if (first !== count) throw dataError(files[0]!, `have ${count} maps as the vertex weights`, String(first));
  return tiles;
}

/** Cuts a picture, its pixels row by row, into tiles. */
function cut(picture: Uint8Array, tiles: Uint8Array, side: number): void {
  const rowBytes = 3 * tileSide;
  for (let line = 0; line < side * side * tileSide; line++) {
    const [row, column] = [Math.floor(line / side), line % side];
    const to = (Math.floor(row / tileSide) * side + column) * tileBytes + (row % tileSide) * rowBytes;
    tiles.set(picture.subarray(line * rowBytes, (line + 1) * rowBytes), to);
  }
}

async function readAll(
  kind: Kind,
  files: readonly string[],
  read: (file: string) => Promise<ArrayBuffer>,
): Promise<Values[]> {
  const result: Values[] = [];
  for (const file of files) {
    const bytes = await read(file);
    let content: ReturnType<typeof parse>;
    try {
      content = parse(bytes);
    } catch (error) {
      throw dataError(file, "be a whole npy file", error instanceof Error ? error.message : String(error));
    }
    const { dtype, shape, fortranOrder } = content;
    const values = content.data as unknown as ArrayLike<number>;
    if (!types[kind].includes(dtype)) throw dataError(file, `hold ${types[kind].join(" or ")}`, dtype);
    if (fortranOrder) throw dataError(file, "be in C order", "Fortran order");
    const size = shape.reduce((product, length) => product * length, 1);
    if (size === 0) throw dataError(file, "have at least one map", `shape ${shapeText(shape)}`);
    if (values.length !== size) {
      throw dataError(file, `be whole: ${size} values for shape ${shapeText(shape)}`, String(values.length));
    }
    result.push({ file, shape, values });
  }
  return result;
}
