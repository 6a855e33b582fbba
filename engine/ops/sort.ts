import blocksSource from "../../kernels/sort-blocks.wgsl";
import mergeSource from "../../kernels/sort-merge.wgsl";
import stretchesSource from "../../kernels/top-k-stretches.wgsl";
import { constants, type Piece } from "../compose.js";
import { formatValue, must } from "../error.js";
import { noGrad } from "../tape.js";
import type { DType, Tensor } from "../tensor.js";
import { requireFlag, requireOptions, requireTensor } from "./arguments.js";
import { resolveAxis } from "./axes.js";
import { takeDistinct } from "./gather.js";
import { slice } from "./slicing.js";
import { sortedList } from "./sorted-list.js";
import { transpose } from "./shape.js";

/** The order of a sort. */
export interface SortOptions {
  /** The largest first. */
  descending?: boolean;
}

const lanes = 64;
/** Elements that are sorted by counting, before stretches are merged. */
const blockLength = 32;

/** Up to so many of a row are kept in registers while it is read. */
const mostListed = 16;
/** A stretch has so many elements for one that is kept, at least, or merging takes as long as a sort. */
const stretchPerKept = 8;
/** Lanes that run over stretches, as far as rows have them: a processor's few, or a GPU's many. */
const listingLanes = { lane: 64, workgroup: 1 << 14 } as const;
/** lavapipe ends an invocation's loops after 65,535 turns. */
const longestStretch = 1 << 15;

/** Of the bits of a number, a word whose order among words is that of the numbers. */
const keys = {
  // −0 becomes +0 by its bits: adapters that flush subnormal numbers take those for 0 too.
  f32: "return select(select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u), 0x80000000u, bits == 0x80000000u);",
  i32: "return bits ^ 0x80000000u;",
  u32: "return bits;",
} as const;

/**
 * The elements of x in ascending order along an axis; any dtype. Equal ones keep their order, −0 counts as +0. Each
 * gradient goes back to where its element came from.
 *
 * @throws ImleError `shape` where x has no such axis
 */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { along, descending } = check("sort", x, axis, options);
  return x.engine.scope(() => takeDistinct("sort", x, order(x, along, descending), along));
}

/**
 * The places along an axis from which {@link sort} takes its elements, i32: `takeAlongAxis(x, argsort(x), -1)` is the
 * sorted x. Among equal elements the lowest place comes first, also in descending order.
 *
 * @throws ImleError `shape` where x has no such axis
 */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { along, descending } = check("argsort", x, axis, options);
  return x.engine.scope(() => order(x, along, descending));
}

/**
 * The k largest elements along an axis, the largest first, and their places (i32); any dtype. Among equal ones the
 * lowest place comes first. Each gradient of a value goes back to where it came from. (A mask of the k largest, for
 * training through the choice itself, is the solver `topK`.)
 *
 * @param k from 0 to the length of the axis
 * @throws ImleError `value` where k is not such a number, `shape` where x has no such axis
 */
export function topKValues(x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  const { along } = check("topKValues", x, axis, {});
  const length = x.shape[along]!;
  must(
    Number.isInteger(k) && k >= 0 && k <= length,
    "value",
    () =>
      `topKValues: k must be a whole number from 0 to ${length}, the length of axis ${along}, got ${formatValue(k)}`,
    "Choose fewer.",
  );
  return x.engine.scope(() => {
    const indices =
      x.dtype === "f32" && k > 0 && k <= mostListed && length > blockLength && length >= stretchPerKept * k
        ? alongAxis(x, along, (rows) => largestOfRows(rows, k))
        : slice(order(x, along, true), [...Array.from({ length: along }, () => null), { end: k }]);
    return { values: takeDistinct("topKValues", x, indices, along), indices };
  });
}

function check(
  operation: string,
  x: Tensor,
  axis: number,
  options: SortOptions,
): { along: number; descending: boolean } {
  requireTensor(operation, "x", x);
  const along = resolveAxis(operation, x.shape, axis);
  requireOptions(operation, options, ["descending"]);
  const { descending = false } = options;
  requireFlag(operation, "descending", descending);
  return { along, descending };
}

/** The order of the elements along an axis: sorted by counting in blocks, which are merged, twice as long each time. */
function order(x: Tensor, axis: number, descending: boolean): Tensor {
  return alongAxis(x, axis, (rows) => orderRows(rows, descending));
}

/** What is done to the last axis, done to any. */
function alongAxis(x: Tensor, axis: number, ofRows: (rows: Tensor) => Tensor): Tensor {
  const { engine, shape } = x;
  if (axis === shape.length - 1) return ofRows(x);
  return noGrad(() => {
    // That axis with the last one: the exchange is its own inverse.
    const axes = shape.map((_, i) => (i === axis ? shape.length - 1 : i === shape.length - 1 ? axis : i));
    return engine.scope(() => transpose(ofRows(transpose(x, axes)), axes));
  });
}

function orderRows(x: Tensor, descending: boolean): Tensor {
  const { engine, shape, size, dtype } = x;
  const length = shape.at(-1)!;
  const places = engine.output("sort", shape, "i32");
  if (size === 0) return places;
  const keys = engine.output("sort", shape, "u32");
  engine.dispatch({
    kernel: engine.kernel(`sort-blocks:${dtype}:${descending}`, () => [
      constants({ LANES: lanes, BLOCK: blockLength }),
      keyPiece(dtype, descending),
      { name: "kernels/sort-blocks.wgsl", text: blocksSource },
    ]),
    buffers: { x: x.slice("sort"), keys: keys.slice("sort"), places: places.slice("sort") },
    uniforms: { count: size, length },
    workgroups: Math.ceil(size / lanes),
  });
  return mergeStretches({ keys, places }, blockLength, length);
}

/** The places of the k largest elements of each row of x, f32, the largest first: those of stretches, which are merged. */
function largestOfRows(x: Tensor, k: number): Tensor {
  const { engine, shape, size, dtype } = x;
  const length = shape.at(-1)!;
  const rows = size / length;
  const wanted = Math.max(Math.ceil(listingLanes[engine.tuning.rows] / rows), Math.ceil(length / longestStretch));
  const stretch = Math.ceil(length / Math.min(wanted, Math.floor(length / (stretchPerKept * k))));
  const stretches = Math.ceil(length / stretch);
  const listed = [...shape.slice(0, -1), stretches * k];
  const places = engine.output("topKValues", listed, "i32");
  if (size === 0) return places;
  const keys = engine.output("topKValues", listed, "u32");
  engine.dispatch({
    kernel: engine.kernel(`top-k-stretches:${k}`, () => [
      constants({ LANES: lanes, K: k }),
      keyPiece(dtype, true),
      { name: "kernels/top-k-stretches.wgsl", text: stretchesSource },
      { name: "sorted list", text: [sortedList("largest", k, true), leaveText(k)].join("\n") },
    ]),
    buffers: { x: x.slice("topKValues"), keys: keys.slice("topKValues"), places: places.slice("topKValues") },
    uniforms: { count: rows * stretches, length, stretches, stretch },
    workgroups: Math.ceil((rows * stretches) / lanes),
  });
  return mergeStretches({ keys, places }, k, k);
}

const leaveText = (k: number): string =>
  `fn leave_all(at: u32) {
${Array.from({ length: k }, (_, j) => `  leave(at + ${j}u, largest_key_${j}, largest_index_${j});`).join("\n")}
}`;

/** Sorted stretches of each row, merged until there is one, of which no more than `most` are kept: their places. */
function mergeStretches(sorted: { keys: Tensor; places: Tensor }, width: number, most: number): Tensor {
  let { keys, places } = sorted;
  const { engine } = keys;
  while (places.shape.at(-1)! > width) {
    const { shape, size } = places;
    const length = shape.at(-1)!;
    const kept = Math.min(2 * width, most);
    const mergedLength = Math.min(length, Math.ceil(length / (2 * width)) * kept);
    const merged = [...shape.slice(0, -1), mergedLength];
    const [nextKeys, nextPlaces] = [engine.output("sort", merged, "u32"), engine.output("sort", merged, "i32")];
    engine.dispatch({
      kernel: engine.kernel("sort-merge", () => [
        constants({ LANES: lanes }),
        { name: "kernels/sort-merge.wgsl", text: mergeSource },
      ]),
      buffers: {
        keys: keys.slice("sort"),
        places: places.slice("sort"),
        merged_keys: nextKeys.slice("sort"),
        merged_places: nextPlaces.slice("sort"),
      },
      uniforms: { count: size, length, width, kept, merged_length: mergedLength },
      workgroups: Math.ceil(size / lanes),
    });
    for (const used of [keys, places]) used.dispose();
    [keys, places] = [nextKeys, nextPlaces];
    width = kept;
  }
  keys.dispose();
  return places;
}

function keyPiece(dtype: DType, descending: boolean): Piece {
  return {
    name: `keys of ${dtype}`,
    text: [
      `fn ascending_key(bits: u32) -> u32 { ${keys[dtype]} }`,
      `fn key_of(bits: u32) -> u32 { return ${descending ? "~" : ""}ascending_key(bits); }`,
    ].join("\n"),
  };
}
