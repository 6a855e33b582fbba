import { alignment, timeWarping } from "webgpu-imle";
import { alignmentCpu, timeWarpingCpu } from "webgpu-imle/testing";
import { drawnDifferential } from "./drawn.js";

const shapes = [[1, 1], [2, 5], [7, 7], [16, 9], [30, 40]];

export const alignmentDifferential = drawnDifferential("alignment", 10_000, [
  { solver: timeWarping(), shapes, twin: ({ weights, shape }) => timeWarpingCpu(weights, shape) },
  { solver: alignment(), shapes, twin: ({ weights, shape }) => alignmentCpu(weights, shape) },
]);
