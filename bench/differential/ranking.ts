import { ranking } from "webgpu-imle";
import { rankingCpu } from "webgpu-imle/testing";
import { drawnDifferential } from "./drawn.js";

export const rankingDifferential = drawnDifferential(
  "ranking",
  10_000,
  (["smallest", "largest"] as const).map((first) => ({
    solver: ranking({ first }),
    shapes: [[1], [5], [16], [101], [600]],
    twin: ({ weights }) => rankingCpu(weights, first),
  })),
);
