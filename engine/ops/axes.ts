import { formatShape, formatValue, must } from "../error.js";

/**
 * The axis that a caller named, counted from 0; negative ones count from the end.
 * @throws ImleError `shape` where the tensor has no such axis
 */
export function resolveAxis(operation: string, shape: readonly number[], axis: number): number {
  const rank = shape.length;
  must(
    Number.isInteger(axis) && axis >= -rank && axis < rank,
    "shape",
    () => `${operation}: axis of ${formatShape(shape)} must be ${-rank} to ${rank - 1}, got ${formatValue(axis)}`,
    "Name one of the tensor's axes; negative ones count from the end.",
  );
  return axis < 0 ? axis + rank : axis;
}
