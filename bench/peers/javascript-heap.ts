/** Dijkstra's algorithm with a heap in plain JavaScript: the solver's own twin, on one core. */

import { dijkstraGridCpu } from "webgpu-imle/testing";
import { type Peer, timeWork } from "./peer.js";
import { peerNumbers } from "./tasks.js";

export const javascriptHeap: Peer = {
  name: "JavaScript heap, 1 core",
  tasks: ["grid-paths"],
  prepare: () =>
    Promise.resolve({
      time(task, budget) {
        if (task.task !== "grid-paths") throw new Error("only grids");
        const { batch, height, width } = task;
        const size = height * width;
        const costs = peerNumbers(batch * size);
        const solveAll = (): void => {
          for (let i = 0; i < batch; i++) dijkstraGridCpu(costs.subarray(i * size, (i + 1) * size), [height, width]);
        };
        return Promise.resolve(timeWork(solveAll, budget));
      },
    }),
};
