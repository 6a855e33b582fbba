import { budgetedSubset } from "webgpu-imle";
import { budgetedSubsetCpu } from "webgpu-imle/testing";
import { drawnDifferential } from "./drawn.js";

export const budgetedSubsetDifferential = drawnDifferential(
  "budgeted-subset",
  10_000,
  [0, 5, 40].map((k) => ({
    solver: budgetedSubset(k),
    shapes: [[1], [7], [64], [350]],
    twin: ({ weights }) => budgetedSubsetCpu(weights, k),
  })),
);
