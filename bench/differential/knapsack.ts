import { knapsack } from "webgpu-imle";
import { knapsackCpu } from "webgpu-imle/testing";
import { randomWhole } from "../../test/support/random.js";
import { drawnDifferential } from "./drawn.js";

export const knapsackDifferential = drawnDifferential(
  "knapsack",
  10_000,
  [10, 95].map((capacity) => ({
    solver: knapsack({ capacity }),
    shapes: [[1], [6], [20], [45]],
    inputs: (random, [n]) => ({
      sizes: Array.from({ length: n! }, () => randomWhole(random, 0, capacity)),
      capacity: [randomWhole(random, 0, capacity)],
    }),
    twin: ({ weights, inputs }) => knapsackCpu(weights, inputs["sizes"]!, inputs["capacity"]![0]!),
  })),
);
