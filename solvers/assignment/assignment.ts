import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { defineSolver } from "../define.js";
import type { Solver } from "../solver.js";
import lane from "./lane.wgsl";
import table from "./table.wgsl";
import workgroup from "./workgroup.wgsl";

/** Options of {@link assignment}. */
export interface AssignmentOptions {
  /** `max`: weights are scores. `min`: weights are costs. By default `max`. */
  readonly sense?: "max" | "min";
}

/** A lane a column; and what the loops of an invocation may do on lavapipe. */
const mostColumns = 64;

/**
 * Linear assignment: weights are a table [N, M], N ≤ M ≤ 64; a state gives every row a column of its own, a mask with
 * one 1 a row and at most one a column (a permutation matrix where N = M), with the largest ⟨z, θ⟩ (or least cost).
 *
 * By shortest augmenting paths with potentials in f32: exact where weights are whole numbers below 2²⁴ / N, else
 * within the rounding of sums of N weights. Of several optima always the same, not the first of an order.
 *
 * @throws ImleError `shape` where N > M or an axis is empty, `limit` where M > 64
 */
export function assignment(options: AssignmentOptions = {}): Solver {
  requireOptions("assignment", options, ["sense"]);
  const { sense = "max" } = options;
  must(
    sense === "max" || sense === "min",
    "value",
    () => `assignment: sense must be max or min, got ${formatValue(sense)}`,
    "Leave it out for scores.",
  );
  const text = (strategy: string): string => [`const LARGEST_WINS = ${sense === "max"};`, table, strategy].join("\n");
  return defineSolver({
    name: "assignment",
    sense,
    instanceAxes: 2,
    check: (shape) => {
      const [height, width] = [shape[0]!, shape[1]!];
      must(
        height >= 1 && height <= width,
        "shape",
        () => `assignment: a table must have 1 ≤ rows ≤ columns, got ${formatShape(shape)}`,
        "Transpose it.",
      );
      must(
        width <= mostColumns,
        "limit",
        () => `assignment: there must be at most ${mostColumns} columns, got ${width}`,
        "Use a smaller table.",
      );
    },
    cacheWeights: true,
    workspace: ([, width], strategy) => (strategy === "lane" ? 7 * width! : 0),
    strategies: {
      lane: [{ wgsl: text(lane) }],
      workgroup: [{ wgsl: text(workgroup), workgroupSize: 64 }],
    },
  });
}
