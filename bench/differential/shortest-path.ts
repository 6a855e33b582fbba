import { shortestPath } from "webgpu-imle";
import { shortestPathCpu } from "webgpu-imle/testing";
import { randomGraph } from "../../test/support/graphs.js";
import { randomWhole } from "../../test/support/random.js";
import { drawnDifferential } from "./drawn.js";

export const shortestPathDifferential = drawnDifferential(
  "shortest-path",
  10_000,
  [4, 15, 50].map((vertices) => ({
    solver: shortestPath({ vertices }),
    shapes: [[vertices], [2 * vertices + 1], [5 * vertices]],
    inputs: (random, [m]) => ({
      ...randomGraph(random, vertices, m!),
      start: [randomWhole(random, 0, vertices - 1)],
      goal: [randomWhole(random, 0, vertices - 1)],
    }),
    twin: ({ weights, inputs: { offsets, targets, start, goal } }) =>
      shortestPathCpu(weights, { offsets: offsets!, targets: targets! }, { start: start![0]!, goal: goal![0]! }).path,
  })),
);
