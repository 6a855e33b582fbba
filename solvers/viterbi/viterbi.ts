import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { constantsText, loopIterations, loopReport, sharedLength } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { Solver } from "../solver.js";
import chain from "./chain.wgsl";
import each from "./each.wgsl";
import lane from "./lane.wgsl";
import shared from "./shared.wgsl";
import workgroup from "./workgroup.wgsl";

/** Options of {@link viterbi}. */
export interface ViterbiOptions {
  /** Whether every step has transitions of its own, or all share one matrix. By default `each`. */
  readonly transitions?: "each" | "shared";
}

const reports = { 1: loopReport };

/** Two rows of scores in 16 KiB of workgroup memory. */
const mostStates = 2048;

/**
 * The best sequence of states of a chain: MAP of a linear-chain CRF (Viterbi 1967).
 *
 * - `transitions: "each"`: weights [T − 1, K, K], θ[t, i, j] the score of state i at position t and j at t + 1, those of
 *   the positions added in. A state has a 1 for each step: the marginals' argmax in the layout of edge potentials.
 * - `transitions: "shared"`: weights [T + K, K]: rows 0 … T − 1 the scores of the states of each position, then the
 *   matrix [K, K] of transitions. A state has a 1 for each position, then the *counts* of transitions.
 *
 * Either way the objective is ⟨z, θ⟩, so the gradient of a layer is that of the CRF's potentials. Ties go to the lowest
 * state, from the last position back.
 *
 * @throws ImleError `shape` where an instance is not of this form, `limit` where K > 2,048
 */
export function viterbi(options: ViterbiOptions = {}): Solver {
  requireOptions("viterbi", options, ["transitions"]);
  const { transitions = "each" } = options;
  must(
    transitions === "each" || transitions === "shared",
    "value",
    () => `viterbi: transitions must be each or shared, got ${formatValue(transitions)}`,
    "Leave it out for weights [T − 1, K, K].",
  );
  const sharing = transitions === "shared";
  const sizes = (shape: readonly number[]): { length: number; states: number } => {
    const states = shape.at(-1)!;
    return { states, length: sharing ? shape[0]! - states : shape[0]! + 1 };
  };
  const counts = (states: number): number => (sharing ? states * states : 0);
  const layout = sharing ? shared : each;
  const onChip = (shape: readonly number[]): string =>
    constantsText({ SHARED_STATES: sharedLength(sizes(shape).states, mostStates) });
  return defineSolver({
    name: "viterbi",
    sense: "max",
    instanceAxes: sharing ? 2 : 3,
    check: (shape) => {
      const { length, states } = sizes(shape);
      const [form, fix] = sharing
        ? ["[T + K, K] with T ≥ 1", "Put the K rows of transitions after those of the positions."]
        : ["[T − 1, K, K] with T ≥ 2", "Add the scores of positions to those of edges."];
      must(
        states >= 1 && length >= (sharing ? 1 : 2) && (sharing || shape[1] === states),
        "shape",
        () => `viterbi: an instance must be ${form}, got ${formatShape(shape)}`,
        fix,
      );
      must(
        states <= mostStates,
        "limit",
        () => `viterbi: K must be at most ${mostStates}, got ${states}`,
        "Use fewer states.",
      );
    },
    ...(sharing && { maximumState: (shape: readonly number[]) => Math.max(sizes(shape).length - 1, 1) }),
    cacheWeights: true,
    reports,
    workspace: (shape) => {
      const { length, states } = sizes(shape);
      return (length + 2) * states + counts(states);
    },
    strategies: {
      lane: [{ wgsl: [layout, chain, lane].join("\n") }],
      workgroup: [
        {
          wgsl: (shape) => [onChip(shape), layout, chain, workgroup].join("\n"),
          workgroupSize: (shape) => (sizes(shape).states <= 64 ? 64 : 256),
        },
      ],
    },
    fits: (strategy, shape) => {
      const { length, states } = sizes(shape);
      const fill = (shape.reduce((a, b) => a * b, 1) + 3) / 4;
      const work = length * states * (1 + Math.ceil((states - 1) / 4)) + fill + 2 * counts(states) + length + 2 * states;
      return strategy === "workgroup" || work <= loopIterations;
    },
  });
}
