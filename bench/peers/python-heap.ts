/** Dijkstra's algorithm with `heapq` in plain Python, as the papers' code solves grids. */

import { checkSumOfPaths } from "./grid-paths.js";
import { type Peer, peerEstimate } from "./peer.js";
import { startPython } from "./python.js";

/** Of a larger batch the first instances are solved, and their time is scaled: it takes seconds otherwise. */
const mostInstances = 140;

export const pythonHeap: Peer = {
  name: "Python heap, 1 core",
  tasks: ["grid-paths"],
  async prepare() {
    const { ask, close } = await startPython("python-heap.py", "does not start");
    return {
      async time(task, budget) {
        if (task.task !== "grid-paths") throw new Error("only grids");
        const batch = Math.min(task.batch, mostInstances);
        const { times, sum } = (await ask({ ...task, batch, budget })) as { times: number[]; sum: number };
        checkSumOfPaths({ ...task, batch }, sum);
        return peerEstimate(times.map((time) => (time * task.batch) / batch));
      },
      close,
    };
  },
};
