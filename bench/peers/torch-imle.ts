/** torch-imle, the authors' own code, from the copy that TORCH_IMLE names; on the device that PyTorch takes. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Peer, peerEstimate } from "./peer.js";
import { startPython } from "./python.js";

export const torchImle: Peer = {
  name: "torch-imle",
  tasks: ["imle-top-k"],
  async prepare() {
    const folder = process.env.TORCH_IMLE ?? "";
    if (folder === "") throw new Error("no copy of it is named; TORCH_IMLE=folder of its checkout");
    if (!existsSync(join(folder, "imle", "wrapper.py"))) {
      throw new Error(`TORCH_IMLE must name its checkout, with imle/wrapper.py in it, got ${folder}`);
    }
    const { ask, close } = await startPython("torch-imle.py", "has no torch, or cannot load this torch-imle");
    return {
      time: async (task, budget) =>
        peerEstimate(((await ask({ ...task, budget, lastCount: 0 })) as { times: unknown }).times),
      close,
    };
  },
};
