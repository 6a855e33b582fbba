import { axis, exactly, isCount, isShape, isSizes, isWhole, optional, slot } from "../slots.js";
import { anyDtype, call, type Calls, type Context, finite, product } from "./context.js";

/** Whether it is a whole number from −n to n − 1. */
const isPlace = (value: unknown, n: number): boolean =>
  Number.isInteger(value) && Number(value) >= -n && Number(value) < n;

/** Operations that move elements. */
export function shapes(context: Context): Calls {
  const { tensors, matrix, sequence, indices } = context;
  const matrices = context.like(anyDtype, (found) => found.length === 2);
  const all = context.ofTwoAxes();
  const list = slot(
    [matrix, matrix],
    (value) => Array.isArray(value) && value.length > 0 && value.every((x) => x === matrix),
    [[], [matrix, 1], [matrix, null], [matrix, tensors.get([4, 5])], [matrix, tensors.get([2, 3], "i32")]],
  );
  const newShape = slot([3, 2], (value) => {
    if (!Array.isArray(value) || value.length > 6 || !value.every((n) => isWhole(n) || n === -1)) return false;
    const known = value.filter((n) => n !== -1);
    if (known.length === value.length) return product(value) === 6;
    return known.length === value.length - 1 && product(known) > 0 && 6 % product(known) === 0;
  });
  const permutation = slot([1, 0], (value) => {
    if (value === undefined) return true;
    return (
      Array.isArray(value) && value.length === 2 && value.every((n) => isPlace(n, 2)) && (value[0] - value[1]) % 2 !== 0
    );
  });
  const isFirst = (value: unknown, rank: number): boolean => value === 0 || value === -rank;
  const first = (rank: number) => slot(0, (value) => value === undefined || isFirst(value, rank));
  const squeezed = slot(0, (value) => {
    return (
      value === undefined ||
      isFirst(value, 3) ||
      (Array.isArray(value) && (value.length === 0 || (value.length === 1 && isFirst(value[0], 3))))
    );
  });
  const ranges = slot(
    [0, { start: 1, step: 2 }],
    (value) =>
      Array.isArray(value) &&
      value.length <= 2 &&
      value.every((range, i) => {
        if (range === null || range === undefined || isPlace(range, 2 + i)) return true;
        return typeof range === "object" && !Array.isArray(range) && Object.keys(range).length === 0;
      }),
    [[5], [{ start: 2, end: 1 }], [{ step: 0 }], [{ start: "a" }], [{ end: 0.5 }], [{ begin: 1 }], [{ start: -9 }]],
  );
  const sumOf = (list: readonly unknown[]): number => list.reduce((sum: number, one) => sum + Number(one), 0);
  const parts = slot(1, (value) => {
    return value === 1 || value === 3 || (Array.isArray(value) && value.every(isWhole) && sumOf(value) === 3);
  });
  const widths = slot(
    [
      [1, 0],
      [0, 2],
    ],
    (value) =>
      Array.isArray(value) &&
      value.length === 2 &&
      value.every((one) => isSizes(one, 2)) &&
      isShape(value.map(([before, after], i) => before + 2 + i + after)),
    [
      [[1, 0]],
      [
        [1, -1],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 2 ** 40],
      ],
    ],
  );
  return {
    ...call(
      "reshape",
      context.like(anyDtype, (found) => product(found) === 6),
      newShape,
    ),
    ...call(
      "transpose",
      context.like(anyDtype, (found) => found.length === 2),
      permutation,
    ),
    ...call(
      "expandDims",
      context.like(anyDtype, (found) => found.length < 6),
      slot(0, (value) => isPlace(value, 3)),
    ),
    ...call(
      "squeeze",
      tensors.of(sequence, anyDtype, (found) => found[0] === 1),
      squeezed,
    ),
    ...call(
      "broadcastTo",
      tensors.of(tensors.get([3]), anyDtype, (found) => [[], [3], [2, 3]].some((one) => exactly(...one)(found))),
      slot([2, 3], (value) => isShape(value) && (value as number[]).at(-1) === 3, [
        [2 ** 45, 3],
        [3, 2],
      ]),
    ),
    ...call(
      "slice",
      context.like(anyDtype, (found) => found.length >= 2 && found[0]! > 0 && found[1]! > 0),
      ranges,
    ),
    ...call(
      "split",
      context.like(anyDtype, (found) => found.length > 0),
      parts,
      axis(2),
    ),
    ...call("flip", all, axis(2, { several: true })),
    ...call("pad", matrices, widths, optional(finite)),
    ...call(
      "tile",
      matrices,
      slot([2, 1], (value) => isSizes(value, 2) && isShape((value as number[]).map((n, i) => n * (2 + i))), [
        [1, 2 ** 40],
        [2],
        [2, -1],
      ]),
    ),
    ...call("concatenate", list, axis(2)),
    ...call(
      "stack",
      list,
      slot(0, (value) => value === undefined || isPlace(value, 3)),
    ),
    ...call(
      "gather",
      context.like(anyDtype, (found) => found.length >= 2),
      tensors.beside(tensors.of(indices, ["i32", "u32"])),
      axis(2),
    ),
    ...call(
      "takeAlongAxis",
      tensors.of(tensors.get([3]), anyDtype, (found) => found.length === 1),
      tensors.beside(tensors.of(indices, ["i32", "u32"], (found) => found.length === 1)),
      axis(1, { needed: true }),
    ),
    ...call(
      "scatterAdd",
      tensors.of(tensors.get([2]), anyDtype, (found) => found[0] === 2),
      tensors.beside(tensors.of(indices, ["i32", "u32"], exactly(2))),
      slot(4, (value) => isShape([value])),
      first(1),
    ),
    ...call(
      "oneHot",
      tensors.of(indices, ["i32", "u32"]),
      slot(3, (value) => isCount(value as number) && isShape([2, value])),
    ),
  };
}
