/** jax-js on the same runtime and adapter, where the person has it: `npm i --no-save @jax-js/jax`, or JAX_JS=folder. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot, runProgram } from "../../tools/runtimes/index.js";
import type { Summary } from "../statistics.js";
import type { JaxArguments } from "./jax-js-program.js";
import type { Peer } from "./peer.js";

export const jaxJs: Peer = {
  name: "jax-js, same adapter",
  tasks: ["matmul"],
  prepare({ runtime, adapter }) {
    if (runtime === "deno") {
      return Promise.reject(new Error("not timed in Deno, which may read nothing but the build; see Node or Chrome"));
    }
    const folder = join(process.env.JAX_JS || join(projectRoot, "node_modules", "@jax-js", "jax"), "dist");
    if (!existsSync(join(folder, "index.js"))) {
      return Promise.reject(new Error("not installed; npm i --no-save @jax-js/jax, or JAX_JS=folder of the package"));
    }
    return Promise.resolve({
      async time(task, budgetMilliseconds) {
        if (task.task !== "matmul") throw new Error("only products of matrices");
        let time: Summary | null = null;
        const module = pathToFileURL(join(folder, "index.js")).href;
        const result = await runProgram({
          runtime,
          program: "bench/peers/jax-js-program.ts",
          args: { module, task, budgetMilliseconds } satisfies JaxArguments,
          data: { "jax-js": folder },
          silenceMilliseconds: 60_000,
          onAdapter: () => {},
          onText: () => {},
          onEvent: (event) => (time = event.time as Summary),
          ...(adapter !== undefined && { adapter }),
        });
        if (time === null) throw new Error(result.failure === "" ? "no time came back" : result.failure);
        return time;
      },
    });
  },
};
