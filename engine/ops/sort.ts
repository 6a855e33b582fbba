import blocksSource from "../../kernels/sort-blocks.wgsl";
import mergeSource from "../../kernels/sort-merge.wgsl";
import { constants, type Piece } from "../compose.js";
import { formatValue, must } from "../error.js";
import { noGrad } from "../tape.js";
import type { DType, Tensor } from "../tensor.js";
import { requireFlag, requireOptions, requireTensor } from "./arguments.js";
import { resolveAxis } from "./axes.js";
import { takeDistinct } from "./gather.js";
import { slice } from "./slicing.js";
import { transpose } from "./shape.js";

/** The order of a sort. */
export interface SortOptions {
  /** The largest first. */
  descending?: boolean;
}

const lanes = 64;
/** Elements that are sorted by counting, before stretches are merged. */
const blockLength = 32;

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
    const indices = slice(order(x, along, true), [...Array.from({ length: along }, () => null), { end: k }]);
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
  const { engine, shape } = x;
  if (axis === shape.length - 1) return orderRows(x, descending);
  return noGrad(() => {
    // That axis with the last one: the exchange is its own inverse.
    const axes = shape.map((_, i) => (i === axis ? shape.length - 1 : i === shape.length - 1 ? axis : i));
    return engine.scope(() => transpose(orderRows(transpose(x, axes), descending), axes));
  });
}

function orderRows(x: Tensor, descending: boolean): Tensor {
  const { engine, shape, size, dtype } = x;
  const length = shape.at(-1)!;
  let places = engine.output("sort", shape, "i32");
  if (size === 0) return places;
  let sorted = engine.output("sort", shape, "u32");
  const workgroups = Math.ceil(size / lanes);
  engine.dispatch({
    kernel: engine.kernel(`sort-blocks:${dtype}:${descending}`, () => [
      constants({ LANES: lanes, BLOCK: blockLength }),
      keyPiece(dtype, descending),
      { name: "kernels/sort-blocks.wgsl", text: blocksSource },
    ]),
    buffers: { x: x.slice("sort"), keys: sorted.slice("sort"), places: places.slice("sort") },
    uniforms: { count: size, length },
    workgroups,
  });
  for (let width = blockLength; width < length; width *= 2) {
    const [nextSorted, nextPlaces] = [engine.output("sort", shape, "u32"), engine.output("sort", shape, "i32")];
    engine.dispatch({
      kernel: engine.kernel("sort-merge", () => [
        constants({ LANES: lanes }),
        { name: "kernels/sort-merge.wgsl", text: mergeSource },
      ]),
      buffers: {
        keys: sorted.slice("sort"),
        places: places.slice("sort"),
        merged_keys: nextSorted.slice("sort"),
        merged_places: nextPlaces.slice("sort"),
      },
      uniforms: { count: size, length, width },
      workgroups,
    });
    for (const used of [sorted, places]) used.dispose();
    [sorted, places] = [nextSorted, nextPlaces];
  }
  sorted.dispose();
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
