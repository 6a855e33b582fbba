import * as library from "webgpu-imle";
import { choice, flag, isCount, isWhole, numbers, optional, options, slot } from "../slots.js";
import { call, type Calls, calls, type Context } from "./context.js";

/** Solvers, noises, targets, estimators, and what these make. */
export function solvers({ engine, matrix, f32: weights }: Context): Calls {
  const solver = library.topK(1);
  const solvers = slot(solver, (value) => value === solver, [library.topK, library.normal(), library.pid(), { name: "x" }]);
  const hasText = (value: unknown): boolean => typeof (value as library.Noise | null | undefined)?.wgsl === "string";
  const noise = slot(library.gumbel(), (value) => value === undefined || hasText(value), [library.gumbel, { wgsl: 1 }]);
  const target = slot(library.pid(), (value) => value === undefined || hasText(value), [library.pid, { wgsl: 1 }]);
  // What is finite in float64 will do: kernels get it as f32.
  const isPositive = (value: number): boolean => Number.isFinite(value) && value > 0;
  const above0 = optional(numbers(1, isPositive));
  const from0 = optional(numbers(1, (value) => value === 0 || isPositive(value)));
  const any = optional(numbers(1, Number.isFinite));
  const output = choice("mean", "samples");
  const hasNoKeys = (value: unknown): boolean => Object.keys(Object(value)).length === 0;
  const inputs = slot(undefined, hasNoKeys);
  const chosen = numbers(2, (value) => isWhole(value) && value < 2 ** 31);
  const whole = numbers(2, (value) => Number.isInteger(value) && value >= 0);
  const vertices = numbers(3, (value) => isCount(value) && value < 2 ** 16);
  const sense = choice("max", "min");
  const isKappa = (value: unknown): boolean => typeof value === "number" && value >= 1 && value <= 1e6;
  const kappa = slot(2, (value) => isKappa(value) || (Array.isArray(value) && value.length > 0 && value.every(isKappa)));
  const samples = optional(numbers(2, (value) => Number.isInteger(value) && value >= 1));
  const perturbation = { noise, samples, temperature: from0 };
  const layer = library.imle(solver, { noise: library.gumbel() });
  engine.scope(() => layer(matrix)); // whose noise makes its table at the first call
  const loss = library.fenchelYoung(solver);
  return {
    ...calls(["topK", "budgetedSubset"], chosen),
    ...calls(["kSubsets", "simple"], whole),
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
    ...call("sumOfGamma", options({ kappa }, "kappa")),
    ...call("pid", options({ alpha: any, lambda: from0 })),
    ...calls(["known", "givenNoise"], weights),
    ...call("imle", solvers, options({ ...perturbation, target, output, targetTemperature: from0 })),
    ...call("blackbox", solvers, options({ lambda: above0, output })),
    ...call("straightThrough", solvers, options({ ...perturbation, output })),
    ...call("perturbedOptimiser", solvers, options({ samples, temperature: above0, output })),
    ...call("fenchelYoung", solvers, options(perturbation)),
    ...call("regularisedFenchelYoung", solvers, options({ strength: above0, iterations: samples })),
    ...calls(["noiseContrastive", "contrastiveMap", "pointwiseRank"], solvers),
    ...call("pairwiseRank", solvers, options({ margin: above0 })),
    ...call("listwiseRank", solvers, options({ softness: above0 })),
    ...call("perturbationGradient", solvers, options({ step: above0, difference: choice("backward", "central") })),
    ...call("identity", solvers, options({ projection: choice("none", "mean", "norm", "both") })),
    ...call("structuredSvm", solvers, options({ margin: from0 })),
    ...call("spoPlus", solvers),
    ...call("softSubset", whole, options(perturbation)),
    ...call("gumbelSoftmax", options(perturbation)),
    ...calls(["hammingDistance", "exactMatch", "subsetPrecision"], solvers, weights, weights),
    ...calls(["regret", "normalisedRegret"], solvers, weights, weights, weights),
    ...call("solve", solvers, weights, inputs),
    ...call("perturbAndMap", solvers, weights, options(perturbation)),
    "a layer": { slots: [weights, inputs], run: (theta, given) => layer(theta, given) },
    "a loss": { slots: [weights, weights], run: (theta, y) => loss(theta, y) },
  };
}
