import { formatValue, must } from "../../engine/error.js";
import { defineSolver } from "../define.js";
import type { Solver } from "../solver.js";
import { selectLargest } from "../top-k/top-k.js";
import keys from "./positive-keys.wgsl";

/**
 * At most k of n, and only those whose weights are above 0: the subset of up to k elements with the largest ⟨z, θ⟩. A
 * state is a mask; ties go to the lowest index. The last axis is the instance, of at most 2²⁰ weights.
 *
 * Input `k` and outputs `values` and `indices` are those of {@link topK}; what is beyond the chosen ones has value 0 and
 * index −1. Where k > n there are n of them.
 *
 * @param k whole number from 0; it may exceed n
 * @throws ImleError `value` where k is not such a number, `limit` where n > 2²⁰
 */
export function budgetedSubset(k: number): Solver {
  must(
    Number.isInteger(k) && k >= 0 && k < 2 ** 31,
    "value",
    () => `budgetedSubset: k must be a whole number from 0, got ${formatValue(k)}`,
    "Pass how many may be chosen.",
  );
  return defineSolver({ name: "budgetedSubset", ...selectLargest("budgetedSubset", k, keys) });
}
