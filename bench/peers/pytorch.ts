/** PyTorch, where a python3 (or what PYTHON names) has it: on its GPU if it has one, else on all cores. */

import { type Peer, summaryOf } from "./peer.js";
import { startPython } from "./python.js";

export const pytorch: Peer = {
  name: "PyTorch",
  tasks: ["top-k", "matmul"],
  async prepare() {
    const { ask, close } = await startPython("pytorch.py", "has no torch");
    return {
      time: async (task, budget) => summaryOf(((await ask({ ...task, budget })) as { times: unknown }).times),
      close,
    };
  },
};
