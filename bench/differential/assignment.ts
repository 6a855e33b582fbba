import { assignment } from "webgpu-imle";
import { assignmentCpu } from "webgpu-imle/testing";
import { drawnDifferential } from "./drawn.js";

export const assignmentDifferential = drawnDifferential(
  "assignment",
  10_000,
  (["max", "min"] as const).map((sense) => ({
    solver: assignment({ sense }),
    shapes: [[1, 1], [2, 5], [7, 7], [13, 16]],
    twin: ({ weights, shape }) => assignmentCpu(weights, shape, sense),
  })),
);
