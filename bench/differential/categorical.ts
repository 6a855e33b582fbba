import { categorical } from "webgpu-imle";
import { categoricalCpu } from "webgpu-imle/testing";
import { drawnDifferential } from "./drawn.js";

export const categoricalDifferential = drawnDifferential("categorical", 10_000, [
  { solver: categorical(), shapes: [[1], [3], [10], [64], [1001]], twin: ({ weights }) => categoricalCpu(weights) },
]);
