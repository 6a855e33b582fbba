/** PyTorch, where a python3 (or what PYTHON names) has it: on its GPU if it has one, else on all cores. */

import { type Peer, peerEstimate } from "./peer.js";
import { startPython } from "./python.js";
import { checkLastNumbers, lastNumbers } from "./tasks.js";

export const pytorch: Peer = {
  name: "PyTorch",
  tasks: [
    "imle-top-k",
    "top-k",
    "matmul",
    "conv2d",
    "conv2d-gradients",
    "softmax",
    "sum",
    "sum-rows",
    "sort",
    "cumulative-sum",
    "add",
    "exp",
    "relu",
  ],
  async prepare() {
    const { about, ask, close } = await startPython("pytorch.py", "has no torch");
    return {
      ...(typeof about.version === "string" && { version: `${about.version} (${String(about.device)})` }),
      async time(task, budget) {
        const lastCount = lastNumbers(task).length;
        const { times, last } = (await ask({ ...task, budget, lastCount })) as { times: unknown; last: number[] };
        const estimate = peerEstimate(times);
        checkLastNumbers(task, last);
        return estimate;
      },
      close,
    };
  },
};
