import type { Kernel } from "../engine/kernel.js";
import { requireTensor } from "../engine/ops/arguments.js";
import type { Tensor } from "../engine/tensor.js";
import { runSolver, type SolverRun, solverKernels } from "../solvers/run.js";
import { product, requireSolver, type Solver, splitBatch } from "../solvers/solver.js";
import { differenceOfMeans, meanKernel, meanOfCounts } from "./mean.js";
import { checkPerturbOptions, type PerturbOptions } from "./perturb-options.js";
import { perturbedWeights } from "./perturbed-weights.js";

/**
 * Perturb-and-MAP: solves every instance under S draws of noise, in one dispatch for a solver of one pass (and one more
 * that takes the mean, where several invocations work on the samples of an instance). Noise is a pure function of
 * `place`, made where it is used: it is never stored. Carries no gradient by itself: `imle` and other estimators are
 * written with it and `customGradient`.
 *
 * Source: Papandreou, Yuille 2011; Niepert, Minervini, Franceschi 2021, Eq. 5 and 9.
 *
 * @param weights f32 [...batch, ...instance]
 * @throws ImleError where options, shapes or inputs do not fit
 */
export function perturbAndMap(solver: Solver, weights: Tensor, options: PerturbOptions = {}): Tensor {
  const operation = "perturbAndMap";
  requireSolver(operation, solver);
  requireTensor(operation, "the weights", weights, ["f32"]);
  checkPerturbOptions(operation, solver, weights, options);
  const { inputs, samples = 1, marginalSamples = 1, output = "mean", differenceFrom, strategy } = options;
  const draws = samples * marginalSamples;
  const { batchShape, instanceShape } = splitBatch(operation, solver, weights.shape);
  return weights.engine.scope(() => {
    const source = perturbedWeights(operation, solver, weights, options);
    const run = (output: SolverRun["output"], groups = 1, finish?: SolverRun["finish"]): Tensor =>
      runSolver(solver, weights, { operation, samples: draws, source, inputs, strategy, output, groups, finish });
    if (output === "counts") return run("counts");
    if (differenceFrom) {
      const { states, scale } = differenceFrom;
      const baseSamples = states.shape.length > weights.shape.length ? samples : 1;
      const found = run("mean", 1, { base: states, baseSamples, scale });
      if (found.dtype === "f32") return found;
      const size = product(solver.stateShape(instanceShape));
      return differenceOfMeans(states, found, { draws, scale, size, baseSamples });
    }
    if (output === "mean" && draws > 1) {
      const found = run("mean");
      return found.dtype === "f32" ? found : meanOfCounts(found, draws);
    }
    const sampled =
      output === "sampleCounts"
        ? run("counts", samples)
        : marginalSamples > 1
          ? meanOfCounts(run("counts", samples), marginalSamples)
          : run("states");
    if (output === "mean" || samples > 1) return sampled;
    return sampled.alias([...batchShape, 1, ...sampled.shape.slice(batchShape.length)]);
  });
}

/** The kernels that {@link perturbAndMap} would use, for `engine.prepare`. */
export function perturbKernels(solver: Solver, weights: Tensor, options: PerturbOptions): Kernel[] {
  const { samples = 1, marginalSamples = 1, output = "mean", strategy } = options;
  const draws = samples * marginalSamples;
  const counted = output === "counts" || output === "sampleCounts";
  const groups = output === "sampleCounts" || (output === "samples" && marginalSamples > 1) ? samples : 1;
  const counts = counted || (output === "mean" ? draws > 1 : marginalSamples > 1);
  const place = { seed: 0, stream: 0, call: 0 }; // so that no call of a stream is used up
  const source = perturbedWeights("prepare", solver, weights, { ...options, place });
  const { states, scale = 1 } = options.differenceFrom ?? {};
  const sampled = states !== undefined && states.shape.length > weights.shape.length;
  const finish = states && { finish: { base: states, baseSamples: sampled ? samples : 1, scale } };
  const way = finish || (output === "mean" && counts) ? "mean" : counts ? "counts" : "states";
  const call = { samples: draws, groups, source, output: way, ...finish, ...(strategy && { strategy }) } as const;
  const { engine } = weights;
  const reduces = !counted && (counts || states !== undefined);
  const solves = solverKernels(engine, solver, weights.shape, call);
  return reduces ? [...solves, meanKernel(engine, states !== undefined)] : solves;
}
