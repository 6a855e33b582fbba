import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ImleError } from "webgpu-imle";
import { pictureOf, type TerrainData } from "../../examples/terrain/dataset.js";
import { readPublished } from "../../examples/terrain/published.js";
import { publishedFiles } from "../../examples/terrain/published-files.js";
import { writeSplit } from "../support/published-folder.js";
import {
  cells,
  type Content,
  halfValues,
  mapBytes,
  npy,
  picturePixels,
  side,
  weightBytes,
} from "../support/published-maps.js";

interface Context {
  folder: string;
  train: Content;
  test: Content;
}

const data = suite<Context>("terrain: published maps", {} as Context);

function write({ folder }: Context, name: string, bytes: Uint8Array): void {
  writeFileSync(join(folder, name), bytes);
}

data.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
  context.train = writeSplit(context.folder, "train", 6);
  context.test = writeSplit(context.folder, "test", 4);
});
data.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function read({ folder }: Context): Promise<TerrainData> {
  return readPublished(publishedFiles(folder, "set"), async (file) => {
    const bytes = readFileSync(join(folder, file.replace(/^set\//, "")));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  });
}

async function refusal(context: Context): Promise<string> {
  try {
    await read(context);
  } catch (error) {
    assert.instance(error, ImleError);
    assert.is((error as ImleError).code, "data");
    assert.ok((error as ImleError).fix.length > 0);
    return (error as ImleError).message;
  }
  throw new Error("the folder must be refused");
}

function check(found: TerrainData, { train, test }: Context): void {
  for (const [{ maps, paths }, expected] of [
    [found.train, train],
    [found.test, test],
  ] as const) {
    assert.is(maps.count, expected.paths.length / cells);
    assert.is(maps.side, side);
    assert.equal([...maps.costs], [...expected.kinds].map((kind) => halfValues[kind]));
    assert.equal([...paths], [...expected.paths]);
    for (let map = 0; map < maps.count; map++) {
      const size = 3 * picturePixels ** 2;
      assert.equal([...pictureOf(maps, map)], [...expected.pictures.subarray(map * size, (map + 1) * size)]);
    }
  }
}

data("maps, half-float costs and paths are read as they are", async (context) => check(await read(context), context));

data("maps to validate on are read where they are there, and refused where some are missing", async (context) => {
  const { paths } = writeSplit(context.folder, "val", 5);
  const { validation } = await read(context);
  assert.is(validation?.maps.count, 5);
  assert.equal([...validation!.paths], [...paths]);
  rmSync(join(context.folder, "val_maps.npy"));
  assert.match(await refusal(context), /must have val_maps\.npy or val_maps_part0\.npy, got neither/);
});

data("a tile's pixels lie side by side, row by row", async (context) => {
  const { train } = await read(context);
  assert.is((await read(context)).validation, null);
  for (const [map, row, column, y, x] of [[0, 0, 0, 0, 0], [2, 1, 2, 3, 5], [5, 2, 2, 7, 7]] as const) {
    const pixel = (map * picturePixels + 8 * row + y) * picturePixels + 8 * column + x;
    const tile = map * cells + row * side + column;
    const from = tile * 192 + 3 * (8 * y + x);
    const expected = context.train.pictures.slice(3 * pixel, 3 * pixel + 3);
    assert.equal([...train.maps.tiles.slice(from, from + 3)], [...expected]);
  }
});

data("larger sets are read from their parts", async (context) => {
  const { train, folder } = context;
  const half = (values: Uint8Array, part: number): Uint8Array =>
    values.slice((part * values.length) / 2, ((part + 1) * values.length) / 2);
  for (const part of [0, 1]) {
    write(context, `train_maps_part${part}.npy`, mapBytes(3, half(train.pictures, part)));
    const costs = weightBytes(half(train.kinds, part));
    write(context, `train_vertex_weights_part${part}.npy`, npy("<f2", [3, side, side], costs));
    write(context, `train_shortest_paths_part${part}.npy`, npy("|u1", [3, side, side], half(train.paths, part)));
  }
  for (const kind of ["maps", "vertex_weights", "shortest_paths"]) rmSync(join(folder, `train_${kind}.npy`));
  check(await read(context), context);
});

data("a missing folder or file is refused by name", async (context) => {
  const absent = { ...context, folder: join(context.folder, "absent") };
  assert.match(await refusal(absent), /absent must be a folder that can be read, got ENOENT/);
  rmSync(join(context.folder, "test_vertex_weights.npy"));
  assert.match(await refusal(context), /must have test_vertex_weights\.npy or test_vertex_weights_part0\.npy/);
});

data("a folder in the place of a file is no npy file", async (context) => {
  rmSync(join(context.folder, "train_maps.npy"));
  mkdirSync(join(context.folder, "train_maps.npy"));
  await read(context).then(() => assert.unreachable(), (error) => assert.match(String(error), /EISDIR/));
});

for (const name of ["train_maps", "train_vertex_weights", "test_shortest_paths"]) {
  data(`a truncated file is refused: ${name}`, async (context) => {
    const whole = readFileSync(join(context.folder, `${name}.npy`));
    for (const [length, expected] of [
      [whole.length - 2, /must be whole: \d+ values for shape \[.*\], got \d+/],
      [whole.length - 1, /must be (a )?whole/],
      [60, /must be a whole npy file/],
      [4, /must be a whole npy file/],
      [0, /must be a whole npy file/],
    ] as const) {
      write(context, `${name}.npy`, whole.subarray(0, length));
      const message = await refusal(context);
      assert.match(message, `${name}.npy`);
      assert.match(message, expected);
    }
  });
}

data("a file of another kind of numbers, of another order, or of no format is refused", async (context) => {
  const { kinds } = context.train;
  for (const [bytes, expected] of [
    [npy("<i4", [6, side, side], new Uint8Array(4 * kinds.length)), /must hold f2 or f4 or f8, got i4/],
    [npy("<f2", [6, side, side], weightBytes(kinds), "True"), /must be in C order/],
    [npy("<f2", [0, side, side], new Uint8Array()), /must have at least one map/],
    [Buffer.from("PK\x03\x04 a zip archive, as numpy's savez makes them"), /must be a whole npy file/],
  ] as const) {
    write(context, "train_vertex_weights.npy", bytes);
    assert.match(await refusal(context), expected);
  }
});

data("files that do not fit each other are refused", async (context) => {
  const { kinds, paths, pictures } = context.train;
  for (const [name, bytes, expected] of [
    ["train_vertex_weights", npy("<f2", [54], weightBytes(kinds)), /must have shape \[maps, .*\], got \[54\]/],
    ["train_vertex_weights", npy("<f2", [3, side, 6], weightBytes(kinds)), /must have shape \[maps, 3, 3\]/],
    ["train_vertex_weights", npy("<f2", [5, side, side], weightBytes(kinds.subarray(9))), /must have 5 maps/],
    ["train_shortest_paths", npy("|u1", [5, side, side], paths.subarray(9)), /must have 6 maps.*got 5/],
    ["train_maps", npy("|u1", [6, 12, 48, 3], pictures), /must have shape \[maps, 24, 24, 3\]/],
    ["train_maps", npy("|u1", [5, 24, 24, 3], pictures.subarray(1728)), /must have 6 maps.*got 5/],
    ["test_vertex_weights", npy("<f2", [9, 2, 2], weightBytes(kinds.subarray(0, 36))), /2, 2\]/],
  ] as const) {
    const whole = readFileSync(join(context.folder, `${name}.npy`));
    write(context, `${name}.npy`, bytes);
    assert.match(await refusal(context), expected);
    write(context, `${name}.npy`, whole);
  }
  check(await read(context), context);
});

data("costs that are not above 0 and paths that do not connect the corners are refused", async (context) => {
  const costs = weightBytes(context.train.kinds);
  for (const [bits, expected] of [
    [0, /costs above 0, got 0 at 4/],
    [0x7c00, /costs above 0, got Infinity at 4/],
    [0xbc00, /costs above 0, got -1 at 4/],
  ] as const) {
    costs.set([bits & 255, bits >> 8], 8);
    write(context, "train_vertex_weights.npy", npy("<f2", [6, side, side], costs));
    assert.match(await refusal(context), expected);
  }
  writeSplit(context.folder, "train", 6);
  const { paths } = context.train;
  for (const [value, expected] of [
    [0, /must connect the corners of every map, got none in map 2/],
    [2, /must have zeros and ones, got 2 in map 2/],
  ] as const) {
    paths[2 * cells] = value;
    write(context, "train_shortest_paths.npy", npy("|u1", [6, side, side], paths));
    assert.match(await refusal(context), expected);
  }
});

data.run();
