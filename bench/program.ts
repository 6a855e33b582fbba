/** The program that runs benchmarks on a runtime. `tools/bench.ts` starts it and shows what it sends. */

import type { Host } from "../tools/runtimes/host.js";
import { benchmarks } from "./index.js";
import { choose, runSuite } from "./suite.js";

/** `host.args` */
export interface Arguments {
  readonly patterns: readonly string[];
  readonly quick: boolean;
  /** Milliseconds a row at most; null takes what a quick run has, or a full one. */
  readonly budget: number | null;
  /** Milliseconds for all rows together; null takes as long as it takes. */
  readonly allowance: number | null;
}

export default async function main(host: Host): Promise<void> {
  const { patterns, quick, budget, allowance } = host.args as Arguments;
  await runSuite({
    chosen: choose(benchmarks, patterns, quick),
    quick,
    ...(budget !== null && { budget }),
    ...(allowance !== null && { allowance }),
    emit: (event) => host.emit(event),
  });
}
