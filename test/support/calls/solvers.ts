import * as library from "webgpu-imle";
import { choice, flag, isCount, isWhole, numbers, optional, options, slot } from "../slots.js";
import { call, type Calls, calls, type Context } from "./context.js";

/** Solvers, and what is measured of their states. */
export function solvers({ engine, matrix, f32: weights, solver, noInputs }: Context): Calls {
  const chosen = numbers(2, (value) => isWhole(value) && value < 2 ** 31);
  const vertices = numbers(3, (value) => isCount(value) && value < 2 ** 16);
  const sense = choice("max", "min");
  const names: readonly unknown[] = ["values", "indices"];
  const outputs = slot(["values"], (value) => Array.isArray(value) && value.every((name) => names.includes(name)));
  engine.scope(() => library.solve(library.topK(1), matrix)); // whose kernels make their tables at the first call
  return {
    ...call("topK", chosen, options({ largest: flag })),
    ...call("budgetedSubset", chosen),
    ...call(
      "dijkstraGrid",
      options({
        ...{ neighbours: choice(8, 4), diagonalCost: choice("same", "euclidean") },
        ...{ countStart: flag, negative: choice("clamp", "shift", "error") },
      }),
    ),
    ...call("ranking", options({ first: choice("smallest", "largest"), output: choice("ranks", "permutation") })),
    ...call("viterbi", options({ transitions: choice("each", "shared") })),
    ...call("knapsack", options({ capacity: numbers(5, (value) => isWhole(value) && value < 2 ** 15) }, "capacity")),
    ...call("spanningTree", options({ sense, vertices: optional(numbers(3, isCount)) })),
    ...call("shortestPath", options({ vertices, negative: choice("clamp", "error") }, "vertices")),
    ...call("assignment", options({ sense })),
    ...calls(["hammingDistance", "exactMatch", "subsetPrecision"], solver, weights, weights),
    ...calls(["regret", "normalisedRegret", "optimalCostAccuracy"], solver, weights, weights, weights),
    ...call("solve", solver, weights, noInputs),
    ...call("solveOutputs", solver, weights, outputs),
  };
}
