import { formatValue, must } from "../engine/error.js";
import { requireOptions } from "../engine/ops/arguments.js";
import type { Tensor } from "../engine/tensor.js";
import { runSolver } from "./run.js";
import { type Solver, type SolverInputs, splitBatch, type Strategy } from "./solver.js";
import { plainWeights } from "./weights.js";

/** Options of {@link traceSolve}. */
export interface TraceOptions {
  /** Per-instance inputs of the solver, by name. */
  readonly inputs?: SolverInputs;
  /** Forces one of the solver's strategies. */
  readonly strategy?: Strategy;
  /** How many numbers of an instance are kept: those of `trace(i, x)` with i below it. By default 64. */
  readonly words?: number;
}

/**
 * A look inside a solver: what `solve` does, in a build in which `trace(i, x)` keeps x. In all other builds `trace`
 * does nothing and costs nothing, so a solver's text may keep its calls.
 *
 * @param weights f32 [...batch, ...instance]
 * @returns the states, as from `solve`, and the trace, f32 [...batch, words]: x of the last `trace(i, x)` of an
 *   instance at i, 0 where there was none
 * @throws ImleError as `solve` does
 */
export function traceSolve(
  solver: Solver,
  weights: Tensor,
  options: TraceOptions = {},
): { states: Tensor; trace: Tensor } {
  const operation = "traceSolve";
  requireOptions(operation, options, ["inputs", "strategy", "words"]);
  const { words = 64, ...rest } = options;
  must(
    Number.isInteger(words) && words >= 1,
    "value",
    () => `${operation}: words must be a whole number from 1, got ${formatValue(words)}`,
    "Say how many numbers of an instance are to be kept.",
  );
  const { batchShape } = splitBatch(operation, solver, weights.shape);
  const trace = weights.engine.zeros([...batchShape, words]);
  const run = { operation, samples: 1, source: plainWeights, output: "states" } as const;
  return { states: runSolver(solver, weights, { ...run, ...rest, trace }), trace };
}
