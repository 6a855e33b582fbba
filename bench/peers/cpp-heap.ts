/** Dijkstra's algorithm with a heap in C++, compiled where there is a compiler, on one core. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, projectRoot } from "../../tools/runtimes/paths.js";
import { checkSumOfPaths } from "./grid-paths.js";
import { type Peer, peerEstimate } from "./peer.js";

const run = promisify(execFile);
const source = join(projectRoot, "bench", "peers", "heap.cpp");
const compilers = [process.env.CXX, "c++", "g++", "clang++"].filter((name) => name !== undefined && name !== "");

/** @throws Error in one line where nothing compiles it */
async function compiled(): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 12);
  const program = join(cacheFolder, `heap-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(cacheFolder, { recursive: true });
  const draft = `${program}.${process.pid}`;
  for (const compiler of compilers) {
    try {
      await run(compiler!, ["-std=c++17", "-O3", "-march=native", "-o", draft, source], { timeout: 60_000 });
      renameSync(draft, program);
      return program;
    } catch {
      continue;
    }
  }
  throw new Error(`no C++ compiler: tried ${compilers.join(", ")}; CXX names another`);
}

export const cppHeap: Peer = {
  name: "C++ heap, 1 core",
  tasks: ["grid-paths"],
  async prepare() {
    const program = await compiled();
    return {
      async time(task, budget) {
        if (task.task !== "grid-paths") throw new Error("only grids");
        const { batch, height, width } = task;
        const parameters = [batch, height, width, budget].map(String);
        const { stdout } = await run(program, parameters, { timeout: 120_000 });
        const { times, sum } = JSON.parse(stdout) as { times: unknown; sum: number };
        checkSumOfPaths(task, sum);
        return peerEstimate(times);
      },
    };
  },
};
