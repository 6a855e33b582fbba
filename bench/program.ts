/** The program that runs benchmarks on a runtime. `tools/bench.ts` starts it and shows what it sends. */

import type { Host } from "../tools/runtimes/host.js";
import { benchmarks } from "./index.js";
import { choose, runSuite } from "./suite.js";

/** `host.args` */
export interface Arguments {
  readonly patterns: readonly string[];
  readonly quick: boolean;
}

export default async function main(host: Host): Promise<void> {
  const { patterns, quick } = host.args as Arguments;
  await runSuite({ chosen: choose(benchmarks, patterns, quick), quick, emit: (event) => host.emit(event) });
}
