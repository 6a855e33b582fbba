/** Shortest paths on grids, and whole I-MLE steps through them. */

import { dijkstraGrid, type Engine, imle, solve, sumOfGamma } from "webgpu-imle";
import { dijkstraGridCpu } from "webgpu-imle/testing";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";

const bytesOfNumber = 4;

/** Costs from 1 to 2, as terrain has: paths bend, and none is of no cost. */
const costsOf = (engine: Engine, batch: number, side: number) => engine.uniform([batch, side, side]).add(1);

function pathCase(batch: number, side: number, sweep = false): TimedCase {
  return {
    name: `path [${batch}, ${side}, ${side}]`,
    parameters: { batch, cells: side * side },
    sweep,
    headline: !sweep,
    peers: { task: "grid-paths", batch, height: side, width: side },
    prepare(engine) {
      const costs = costsOf(engine, batch, side);
      const solver = dijkstraGrid();
      const cells = side * side;
      return {
        work: { bytes: 2 * bytesOfNumber * batch * cells },
        unit: () => void solve(solver, costs),
        async verify() {
          const [weights, states] = await Promise.all([costs.read(), solve(solver, costs).read()]);
          const step = Math.max(1, Math.floor(batch / 64));
          for (let instance = 0; instance < batch; instance += step) {
            const place = [instance * cells, (instance + 1) * cells] as const;
            const { path } = dijkstraGridCpu(weights.subarray(...place), [side, side]);
            const wrong = states.subarray(...place).findIndex((value, cell) => value !== path[cell]);
            if (wrong >= 0) throw new Error(`dijkstraGrid: cell ${wrong} of path ${instance} must be the twin's`);
          }
        },
      };
    },
  };
}

function stepCase(batch: number, side: number, samples: number): TimedCase {
  return {
    name: `I-MLE step [${batch}, ${side}, ${side}] S ${samples}`,
    parameters: { batch, cells: side * side, samples },
    headline: true,
    // Forward and backward solve every instance once a sample each.
    peers: { task: "grid-paths", batch: 2 * batch * samples, height: side, width: side },
    prepare(engine) {
      const theta = engine.tensor(new Float32Array(batch * side * side).fill(1), [batch, side, side], {
        requiresGrad: true,
      });
      const gradient = engine.normal([batch, side, side]);
      const layer = imle(dijkstraGrid(), { noise: sumOfGamma({ kappa: side, iterations: 10 }), samples });
      return {
        work: { draws: 2 * batch * side * side * samples, bytes: 6 * bytesOfNumber * batch * side * side },
        unit() {
          layer(theta).backward(gradient);
          theta.grad = null;
        },
        async verify() {
          const state = await layer(theta).read();
          // Every path has both its ends, in every sample.
          for (const cell of [0, side * side - 1]) expectClose(`I-MLE: the state of cell ${cell}`, state[cell]!, 1);
        },
      };
    },
  };
}

export const dijkstraGridBenchmark: Benchmark = {
  name: "dijkstra-grid",
  summary: "shortest paths on grids of costs, and I-MLE steps (forward and backward) through them",
  cases: [
    pathCase(1000, 12),
    pathCase(250, 32),
    pathCase(1, 512),
    ...[8, 64, 512, 4096].map((batch) => pathCase(batch, 12, true)),
    ...[6, 18, 24].map((side) => pathCase(250, side, true)),
    stepCase(70, 12, 1),
  ],
};
