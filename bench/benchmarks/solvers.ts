/** One typical batch of each solver that has no benchmark of its own: MAP without noise, checked against the twin. */

import {
  alignment,
  assignment,
  categorical,
  knapsack,
  ranking,
  shortestPath,
  solve,
  type Solver,
  spanningTree,
  timeWarping,
  viterbi,
} from "webgpu-imle";
import {
  alignmentCpu,
  assignmentCpu,
  categoricalCpu,
  type CheckInstance,
  denseEdges,
  drawInstance,
  knapsackCpu,
  rankingCpu,
  shortestPathCpu,
  spanningTreeCpu,
  timeWarpingCpu,
  uploadInstances,
  viterbiCpu,
} from "webgpu-imle/testing";
import { connectedEdges, edgePairs, randomGraph } from "../../test/support/graphs.js";
import type { Benchmark, TimedCase } from "../benchmark.js";

const bytesOfNumber = 4;

function solverCase(
  name: string,
  solver: Solver,
  batch: number,
  shape: readonly number[],
  twin: (instance: CheckInstance) => ArrayLike<number>,
  inputs?: (random: () => number) => Readonly<Record<string, ArrayLike<number>>>,
): TimedCase {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    name: `${name} [${[batch, ...shape].join(", ")}]`,
    parameters: { batch, size },
    prepare(engine) {
      const weights = (random: () => number): number[] => Array.from({ length: size }, random);
      const instances = Array.from({ length: batch }, (_, number) =>
        drawInstance(solver, { weights, ...(inputs && { inputs }) }, shape, 1, number),
      );
      const given = uploadInstances(engine, solver, instances);
      const unit = () => solve(solver, given.weights, given.inputs);
      return {
        work: { bytes: 2 * bytesOfNumber * batch * size },
        unit: () => void unit(),
        async verify() {
          const states = await unit().read();
          const length = states.length / batch;
          for (let i = 0; i < batch; i += 16) {
            const own = states.subarray(i * length, (i + 1) * length);
            const expected = twin(instances[i]!);
            if (own.every((value, place) => value === expected[place])) continue;
            throw new Error(`${name}: instance ${i} must be the twin's`);
          }
        },
      };
    },
  };
}

const sizes = (random: () => number): number[] => Array.from({ length: 50 }, () => 1 + Math.floor(20 * random()));

export const solversBenchmark: Benchmark = {
  name: "solvers",
  summary: "a batch of each solver: MAP without noise",
  cases: [
    solverCase("categorical", categorical(), 10_000, [100], ({ weights }) => categoricalCpu(weights)),
    solverCase("ranking", ranking(), 1000, [100], ({ weights }) => rankingCpu(weights)),
    solverCase("viterbi", viterbi(), 100, [49, 10, 10], ({ weights, shape }) => viterbiCpu(weights, shape)),
    solverCase("viterbi, shared", viterbi({ transitions: "shared" }), 100, [60, 10], ({ weights, shape }) =>
      viterbiCpu(weights, shape),
    ),
    solverCase("timeWarping", timeWarping(), 100, [50, 50], ({ weights, shape }) => timeWarpingCpu(weights, shape)),
    solverCase("alignment", alignment(), 100, [50, 50], ({ weights, shape }) => alignmentCpu(weights, shape)),
    solverCase(
      "knapsack, capacity 200",
      knapsack({ capacity: 200 }),
      100,
      [50],
      ({ weights, inputs }) => knapsackCpu(weights, inputs["sizes"]!, 200),
      (random) => ({ sizes: sizes(random) }),
    ),
    solverCase("spanningTree", spanningTree(), 100, [30, 30], ({ weights }) => spanningTreeCpu(weights, denseEdges(30), 30)),
    solverCase(
      "spanningTree, 100 vertices",
      spanningTree({ vertices: 100 }),
      100,
      [400],
      ({ weights, inputs }) => spanningTreeCpu(weights, edgePairs(inputs["edges"]!), 100),
      (random) => ({ edges: connectedEdges(random, 100, 400) }),
    ),
    solverCase(
      "shortestPath, 100 vertices",
      shortestPath({ vertices: 100 }),
      100,
      [400],
      ({ weights, inputs: { offsets, targets } }) => shortestPathCpu(weights, { offsets: offsets!, targets: targets! }).path,
      (random) => ({ ...randomGraph(random, 100, 400) }),
    ),
    solverCase("assignment", assignment(), 100, [20, 20], ({ weights, shape }) => assignmentCpu(weights, shape)),
  ],
};
