import { dijkstraGridCpu } from "webgpu-imle/testing";
import { peerNumbers, type TaskOf } from "./tasks.js";

const tolerance = 1e-4;

/** Compares the sum of a peer's path costs with the twin's. @throws Error */
export function checkSumOfPaths({ batch, height, width }: TaskOf<"grid-paths">, sum: number): void {
  const size = height * width;
  const costs = peerNumbers(batch * size);
  let wanted = 0;
  for (let i = 0; i < batch; i++) {
    wanted += dijkstraGridCpu(costs.subarray(i * size, (i + 1) * size), [height, width]).cost;
  }
  if (!(Math.abs(sum / wanted - 1) < tolerance)) throw new Error(`its paths must cost ${wanted}, got ${sum}`);
}
