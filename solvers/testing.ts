export { topKCpu } from "./top-k/cpu.js";
export { philox4 as philox4Cpu, uniformFrom as uniformFromCpu } from "../imle/noise/philox.js";
export { laplaceQuantile } from "../imle/noise/laplace/laplace.js";
export { normalQuantile } from "../imle/noise/normal/normal-quantile.js";
export { sumOfGammaQuantile } from "../imle/noise/sum-of-gamma/quantile.js";
export { dijkstraGridCpu, type GridPath, type GridPathOptions } from "./dijkstra-grid/cpu.js";
export { kSubsetsCpu, type KSubsetsRow } from "../imle/distributions/k-subsets/cpu.js";
