import { formatValue, must } from "../../engine/error.js";
import { defineSolver } from "../define.js";
import type { ChoiceFacts, Solver, SolverDefinition, Strategy } from "../solver.js";
import keys from "./keys.wgsl";
import laneBisection from "./lane-bisection.wgsl";
import lane from "./lane.wgsl";
import { sortedList } from "./list.js";
import { rankText } from "./rank.js";
import workgroup from "./workgroup.wgsl";

/** Longest row whose keys fit 16 KiB of workgroup memory beside the histogram. */
const onChip = 3584;

/** Longest rows of a lane: lavapipe ends an invocation's loops after 65,535 iterations; these need 1, or 19, a block. */
const longestListed = 2 ** 17;
const longestBisected = 2 ** 13;

/** Up to this k a sorted list in registers beats 16 readings of the row. */
const listLimit = 32;

/** Up to this n all pairs of a row are compared, in registers. */
const rankLimit = 32;

/** On a GPU one invocation a row is enough for rows this short, if there are rows enough to fill it. */
const shortRow = 64;

/**
 * The k largest of n: a state is a mask with exactly k ones (ties: the lowest index first). The last axis of the
 * weights is the instance, all before it are batch. −0 counts as +0.
 *
 * @param k whole number from 0; checked against n at each call
 * @throws ImleError `value` where k is not such a number, `shape` where k > n
 */
export function topK(k: number): Solver {
  must(
    Number.isInteger(k) && k >= 0 && k < 2 ** 31,
    "value",
    () => `topK: k must be a whole number from 0, got ${formatValue(k)}`,
    "Pass how many are to be chosen.",
  );
  return defineSolver({
    name: "topK",
    ...selectLargest(k, keys),
    check: ([n]) =>
      must(
        k <= n!,
        "shape",
        () => `topK: k must be in the range [0, ${n}], the length of the last axis, got ${k}`,
        "Choose fewer, or pass longer rows.",
      ),
  });
}

/**
 * What chooses the k largest keys of a row, the lowest index first of equal ones; the key 0 is never chosen.
 *
 * @param keysText WGSL defining `fn top_k_keys(weights: vec4f) -> vec4u`
 */
export function selectLargest(k: number, keysText: string): Omit<SolverDefinition, "name"> {
  const listed = k <= listLimit;
  const laneText = (n: number): string[] =>
    n <= rankLimit ? [rankText(n)] : listed ? [sortedList(k), lane] : [laneBisection];
  return {
    sense: "max",
    parameters: { k: { type: "u32", value: k } },
    emitsEvery: ([n], strategy) => strategy === "workgroup" || !listed || n! <= rankLimit,
    ...(listed ? {} : { workspace: ([n]: readonly number[]) => 4 * Math.ceil(n! / 4) }),
    loopIterations: ([n]) => (n! <= rankLimit ? 0 : (listed ? 1 : 19) * Math.ceil(n! / 4) + 16),
    strategies: {
      lane: [{ wgsl: ([n]) => [keysText, ...laneText(n!)].join("\n") }],
      workgroup: [{ wgsl: [keysText, workgroup].join("\n"), workgroupSize: 256 }],
    },
    fits: (strategy, [n]) => n! <= (strategy === "workgroup" ? onChip : listed ? longestListed : longestBisected),
    choose,
  };
}

function choose({ size, jobs, software }: ChoiceFacts): Strategy {
  return software || size > onChip || (size <= shortRow && jobs >= 4096) ? "lane" : "workgroup";
}
