import { formatValue, must } from "../../engine/error.js";
import { requireFlag, requireOptions } from "../../engine/ops/arguments.js";
import { sortedList } from "../../engine/ops/sorted-list.js";
import { constantsText } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { ChoiceFacts, Pass, Solver, SolverDefinition, SolverReport, Strategy } from "../solver.js";
import keys from "./keys.wgsl";
import lane from "./lane.wgsl";
import laneBlocks from "./lane-blocks.wgsl";
import { blockList, emitText } from "./list.js";
import listBlock from "./list-block.wgsl";
import { bracketIterations, emitsAll, longestOfLane, type Selection, selectionPasses, selectionWorkspace } from "./passes.js";
import { rankText } from "./rank.js";
import wanted from "./wanted.wgsl";

/** Longest row: what the loops of its parts may take on lavapipe, with the draws of ten rounds each in them. */
const longest = 2 ** 20;

/** Up to this k a sorted list in registers is quickest. */
const listLimit = 32;

/** From this many weights to one that is chosen on it is quicker to choose blocks of four first. */
const blocksFrom = 64;

/** Up to this n all pairs of a row are compared, in registers. */
const rankLimit = 32;

/** On a GPU one invocation a row is enough for rows this short, if there are rows enough to fill it. */
const shortRow = 64;

const reports: Readonly<Record<number, SolverReport>> = {
  1: { must: "a row's own k must be at most the solver's", fix: "Make the solver with the largest k of all rows." },
};

/** Options of {@link topK}. */
export interface TopKOptions {
  /** Whether the largest are chosen, of scores, or the smallest, of costs: the solver then minimises. By default true. */
  readonly largest?: boolean;
}

/**
 * The k largest of n, to n = 2²⁰: a state is a mask with exactly k ones (ties: the lowest index first). The last axis of
 * the weights is the instance, all before it are batch. The order is that of the numbers, by their bits: −0 counts as
 * +0, subnormal numbers as what they are, and NaN comes after all numbers, whichever are chosen.
 *
 * Input, optional: `k`, u32 [...batch], a row's own k, from 0 to the solver's; a larger one is taken for the solver's and
 * rejects the next read.
 * Outputs, for `solveOutputs`: `values`, f32 [...batch, k], the weights that are chosen, the best first, and `indices`,
 * i32 [...batch, k], their places; of equal ones the lowest place comes first. Beyond a row's own k values are 0 and
 * indices −1.
 *
 * @param k whole number from 0; checked against n at each call
 * @throws ImleError `value` where k is not such a number or an option not what it must be, `shape` where k > n, `limit` where n > 2²⁰
 */
export function topK(k: number, options: TopKOptions = {}): Solver {
  requireOptions("topK", options, ["largest"]);
  const { largest = true } = options;
  requireFlag("topK", "largest", largest);
  must(
    Number.isInteger(k) && k >= 0 && k < 2 ** 31,
    "value",
    () => `topK: k must be a whole number from 0, got ${formatValue(k)}`,
    "Pass how many are to be chosen.",
  );
  const key = `${k} ${largest}`;
  let solver = made.get(key);
  if (!solver) {
    if (made.size >= mostMade) made.clear();
    made.set(key, (solver = make(k, largest)));
  }
  return solver;
}

/** The last ones made: what an engine knows of a solver is found again where a program makes one at each call. */
const made = new Map<string, Solver>();
const mostMade = 64;

function make(k: number, largest: boolean): Solver {
  return defineSolver({
    name: "topK",
    ...selectLargest("topK", k, `const SMALLEST = ${!largest};\n${keys}`, ([n]) =>
      must(
        k <= n!,
        "shape",
        () => `topK: k must be in the range [0, ${n}], the length of the last axis, got ${k}`,
        "Choose fewer, or pass longer rows.",
      ),
    ),
    sense: largest ? "max" : "min",
  });
}

/**
 * What chooses the k largest keys of a row, the lowest index first of equal ones; the key 0 is never chosen. With the
 * input and the outputs of {@link topK}; where k > n the outputs have n elements.
 *
 * @param keysText WGSL defining `fn top_k_keys(weights: vec4f) -> vec4u`
 * @param check what else must hold of a shape
 */
export function selectLargest(
  name: string,
  k: number,
  keysText: string,
  check: (instanceShape: readonly number[]) => void = () => undefined,
): Omit<SolverDefinition, "name"> {
  const text = [constantsText({ REPORT_K: 1 }), keysText, wanted].join("\n");
  const selectionOf = (strategy: Strategy, [n]: readonly number[], outputs: readonly string[]): Selection => {
    const most = Math.min(k, n!);
    return { strategy, n: n!, k: most, ordered: outputs.length > 0 && most > 0, text };
  };
  /** Whether a row is solved in registers alone: with all pairs, or with a sorted list. */
  const inRegisters = (strategy: Strategy, n: number): boolean =>
    strategy === "lane" && (n <= rankLimit || (k <= listLimit && n <= longestOfLane));
  const passesOf = (strategy: Strategy, shape: readonly number[], outputs: readonly string[]): readonly Pass[] => {
    const [n] = shape as [number];
    const selection = selectionOf(strategy, shape, outputs);
    if (!inRegisters(strategy, n)) return selectionPasses(selection);
    const byBlocks = k > 0 && n >= blocksFrom * k;
    const lists = (): string[] => [
      ...(byBlocks ? [blockList(k), laneBlocks] : [lane]),
      listBlock,
      sortedList("top_k", k, !byBlocks),
      emitText(k, selection.ordered),
    ];
    return [{ wgsl: () => [text, ...(n <= rankLimit ? [rankText(n, selection.ordered)] : lists())].join("\n") }];
  };
  return {
    sense: "max",
    parameters: { k: { type: "u32", value: k } },
    inputs: { k: { dtype: "u32", shape: () => [], optional: true } },
    outputs: {
      values: { dtype: "f32", shape: ([n]) => [Math.min(k, n!)] },
      indices: { dtype: "i32", shape: ([n]) => [Math.min(k, n!)] },
    },
    reports,
    check: (shape) => {
      must(
        shape[0]! <= longest,
        "limit",
        () => `${name}: a row must have at most ${longest} weights, got ${shape[0]}`,
        "Split the rows, and choose among what is chosen of the parts.",
      );
      check(shape);
    },
    emitsEvery: (shape, strategy) =>
      inRegisters(strategy, shape[0]!) ? shape[0]! <= rankLimit : emitsAll(selectionOf(strategy, shape, [])),
    workspace: (shape, strategy, outputs) =>
      inRegisters(strategy, shape[0]!) ? 0 : selectionWorkspace(selectionOf(strategy, shape, outputs)),
    workspaceUnit: "vec4u",
    loopIterations: ([n]) =>
      n! <= rankLimit ? 0 : k <= listLimit ? Math.ceil(n! / 4) + k + 16 : bracketIterations(n!),
    strategies: {
      lane: (shape, outputs) => passesOf("lane", shape, outputs),
      workgroup: (shape, outputs) => passesOf("workgroup", shape, outputs),
    },
    choose,
  };
}

function choose({ size, jobs, software }: ChoiceFacts): Strategy {
  return software || (size <= shortRow && jobs >= 4096) ? "lane" : "workgroup";
}
