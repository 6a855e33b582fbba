/** What tests of estimators share: a solver of either sense with its twin, and perturbed solves in plain loops. */

import { type Solver, topK } from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { bestWindow, bestWindowCpu } from "../solvers/best-window.js";

const { fround } = Math;

export interface SolverCase {
  readonly name: string;
  readonly solver: Solver;
  readonly twin: (weights: Float32Array) => Int32Array;
  readonly sign: 1 | -1;
}

export const solverCases: readonly SolverCase[] = [
  { name: "a solver that maximises", solver: topK(3), twin: (weights) => topKCpu(weights, 3), sign: 1 },
  {
    name: "a solver that minimises",
    solver: bestWindow(3, "min"),
    twin: (weights) => bestWindowCpu(weights, 3, "min"),
    sign: -1,
  },
];

/** The state of weights, rounded as they are on the device. */
export const solveTwin = ({ twin }: SolverCase, weights: ArrayLike<number>): number[] =>
  [...twin(Float32Array.from(weights))];

/** The state of θ + τ·ε (costs: c − τ·ε). */
export function perturbTwin(
  one: SolverCase,
  theta: ArrayLike<number>,
  noise: ArrayLike<number>,
  temperature: number,
): number[] {
  const scale = fround(one.sign * temperature);
  return solveTwin(one, Array.from(theta, (x, i) => fround(x + fround(scale * noise[i]!))));
}
