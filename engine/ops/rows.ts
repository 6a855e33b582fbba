import type { Piece } from "../compose.js";
import type { Tensor } from "../tensor.js";

/** How a kernel takes elements together that reduces along the middle axis of [outer, length, inner]. */
export type RowGrouping = "scalars" | "columns" | "rows";

export interface RowPlan {
  readonly grouping: RowGrouping;
  readonly strategy: "lanes" | "workgroup" | "split";
  readonly lanes: number;
}

/** What a lane may load of a row, up to three times: lavapipe ends the loops of an invocation after 65,535 turns. */
const longestRow = 2 ** 14;

/**
 * A pure function of the shape and the tuning: a lane a row without barriers, as on software adapters, and for short
 * rows; a workgroup a row for long ones, as on GPUs. Few long rows, and those too long for a lane, are split over
 * several dispatches.
 */
export function planRows(tensors: readonly Tensor[], outer: number, length: number, inner: number): RowPlan {
  const { tuning } = tensors[0]!.engine;
  const isVector = tensors.every(({ storage, size }) => Math.ceil(size / 4) * 16 <= storage.capacity);
  let grouping: RowGrouping = "scalars";
  if (isVector && inner % 4 === 0) grouping = "columns";
  else if (isVector && inner === 1 && length % 4 === 0) grouping = "rows";
  const items = grouping === "rows" ? length / 4 : length;
  const rows = outer * (grouping === "columns" ? inner / 4 : inner);
  if (rows < 64 && length >= 16384) return { grouping, strategy: "split", lanes: 0 };
  if (tuning.rows === "workgroup" && inner === 1 && items >= 32) {
    return { grouping, strategy: "workgroup", lanes: items <= 256 ? 64 : 256 };
  }
  return { grouping, strategy: items > longestRow ? "split" : "lanes", lanes: 64 };
}

/** T, what is loaded at once; W, what a row comes to; and how the one becomes the other. */
export function rowTypes(grouping: RowGrouping): Piece {
  const isRows = grouping === "rows";
  return {
    name: "types",
    text: [
      `alias T = ${grouping === "scalars" ? "f32" : "vec4f"};`,
      `alias W = ${grouping === "columns" ? "vec4f" : "f32"};`,
      `fn largest(v: T) -> W { return ${isRows ? "max(max(v.x, v.y), max(v.z, v.w))" : "v"}; }`,
      `fn together(v: T) -> W { return ${isRows ? "(v.x + v.y) + (v.z + v.w)" : "v"}; }`,
    ].join("\n"),
  };
}
