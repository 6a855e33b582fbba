import type { Tensor } from "../../engine/tensor.js";
import { type Solver, splitBatch } from "../../solvers/solver.js";
import { perturbAndMap } from "../perturb-and-map.js";
import type { PerturbOptions } from "../perturb-options.js";

/** A state and the share of the samples that it is. */
export interface Solution {
  /** Row-major, of the solver's state shape. */
  readonly state: Float32Array;
  /** Above 0, at most 1; those of an instance add up to 1. */
  readonly share: number;
}

/**
 * Which states a perturbed solver returns and how often, of every instance, the most frequent first (of equally
 * frequent ones the one drawn first). The states are read back: for looking at, not for training. Their mean, the
 * marginals, is what `perturbAndMap` returns and stays on the device.
 *
 * Source: Papandreou, Yuille 2011, "Perturb-and-MAP random fields".
 *
 * @param options as of `perturbAndMap`
 */
export async function empiricalDistribution(
  solver: Solver,
  theta: Tensor,
  options: Omit<PerturbOptions, "output"> = {},
): Promise<Solution[][]> {
  const states = perturbAndMap(solver, theta, { ...options, output: "samples" });
  const values = await states.read();
  const { samples = 1 } = options;
  const { instances } = splitBatch("empiricalDistribution", solver, theta.shape);
  const size = states.size / Math.max(instances * samples, 1);
  states.dispose();
  return Array.from({ length: instances }, (_, instance) => {
    const found = new Map<string, { state: Float32Array; count: number }>();
    for (let row = instance * samples; row < (instance + 1) * samples; row++) {
      const state = values.slice(row * size, (row + 1) * size);
      const known = found.get(state.join());
      if (known) known.count++;
      else found.set(state.join(), { state, count: 1 });
    }
    const solutions = [...found.values()].sort((a, b) => b.count - a.count);
    return solutions.map(({ state, count }) => ({ state, share: count / samples }));
  });
}
