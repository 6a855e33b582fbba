/** PyTorch, where a python3 (or what PYTHON names) has it: on its GPU if it has one, else on all cores. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { projectRoot } from "../../tools/runtimes/paths.js";
import { type Peer, summaryOf } from "./peer.js";

const script = join(projectRoot, "bench", "peers", "pytorch.py");
const mostMilliseconds = 60_000;

/** The child's lines one by one; rejects when it ends or is silent. */
function linesOf(python: string, child: ChildProcess): () => Promise<string> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let failure: Error | null = null;
  child.on("error", (error) => (failure = error));
  child.stdin!.on("error", () => {});
  return async () => {
    const silence = setTimeout(() => child.kill("SIGKILL"), mostMilliseconds);
    const { value, done } = await lines.next();
    clearTimeout(silence);
    if (done === true) throw failure ?? new Error(`${python} ended`);
    return value as string;
  };
}

export const pytorch: Peer = {
  name: "PyTorch",
  tasks: ["top-k", "matmul"],
  async prepare() {
    const python = process.env.PYTHON || "python3";
    const child = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"] });
    const next = linesOf(python, child);
    try {
      await next();
    } catch {
      child.kill("SIGKILL");
      throw new Error(`${python} has no torch; PYTHON names another python`);
    }
    return {
      async time(task, budget) {
        child.stdin!.write(`${JSON.stringify({ ...task, budget })}\n`);
        return summaryOf((JSON.parse(await next()) as { times: unknown }).times);
      },
      close: () => void child.kill("SIGKILL"),
    };
  },
};
