import { formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { constantsText, loopIterations, loopReport, sharedLength } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { Solver, SolverReport } from "../solver.js";
import common from "./common.wgsl";
import lane from "./lane.wgsl";
import workgroup from "./workgroup.wgsl";

/** Options of {@link knapsack}. */
export interface KnapsackOptions {
  /** Whole number from 0: the capacity of every instance, or the largest that the input `capacity` gives. */
  readonly capacity: number;
}

const reports: Readonly<Record<number, SolverReport>> = {
  1: { must: "sizes must not be negative", fix: "Pass whole sizes from 0." },
  2: { must: "capacity must be from 0 to the capacity of the solver", fix: "Make the solver with the largest capacity." },
  3: loopReport,
};

/** Two rows of values in 16 KiB of workgroup memory. */
const largestOnChip = 2047;
const largest = 2 ** 20;

/**
 * 0/1 knapsack with whole sizes: weights are the values [n] of the items, a state is the mask of those taken, with the
 * largest ⟨z, θ⟩ of all whose sizes sum to the capacity at most. Values may be negative: such items are never taken. Of
 * equal choices the earlier items are taken. By dynamic programming over capacities, in O(n · capacity).
 *
 * Inputs: `sizes`, i32 [n], from 0; `capacity`, i32 [] (one number an instance), optional.
 *
 * @throws ImleError `value` where the capacity is not a whole number from 0, `limit` where n · capacity is too large for
 *   a lane (about 200,000) and the capacity for a workgroup (2,047)
 */
export function knapsack(options: KnapsackOptions): Solver {
  requireOptions("knapsack", options, ["capacity"]);
  const { capacity } = options;
  must(
    Number.isInteger(capacity) && capacity >= 0 && capacity <= largest,
    "value",
    () => `knapsack: capacity must be a whole number from 0 to ${largest}, got ${formatValue(capacity)}`,
    "Scale sizes and capacity to whole numbers.",
  );
  const words = Math.floor(capacity / 32) + 1;
  const onChip = constantsText({ SHARED_WORDS: sharedLength(words, (largestOnChip + 1) / 32) });
  return defineSolver({
    name: "knapsack",
    sense: "max",
    parameters: { capacity: { type: "u32", value: capacity } },
    inputs: {
      sizes: { dtype: "i32", shape: ([n]) => [n!] },
      capacity: { dtype: "i32", shape: () => [], optional: true },
    },
    cacheWeights: "workgroup",
    workspace: ([n], strategy) => n! * words + (strategy === "lane" ? 32 * words : 0),
    reports,
    strategies: {
      lane: [{ wgsl: [common, lane].join("\n") }],
      workgroup: [{ wgsl: [onChip, common, workgroup].join("\n"), workgroupSize: 64 }],
    },
    fits: (strategy, [n]) =>
      strategy === "lane" ? n! * (9 * words + 2) + 32 * words <= loopIterations : capacity <= largestOnChip,
  });
}
