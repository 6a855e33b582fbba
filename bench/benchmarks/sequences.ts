/** Random sequences of calls: a row is how many there were, and what was found in them. */

import type { Benchmark } from "../benchmark.js";

const seed = 1;
const wanted = 5000;

export const sequences: Benchmark = {
  name: "sequences",
  summary: "random sequences of calls, right and wrong ones: typed errors, right numbers, no hang, memory as a model has it",
  cases: [
    {
      name: "random calls",
      async count({ quick }) {
        // With it comes fast-check, which a page need not load before it is wanted.
        const { runSequences } = await import("../sequences/sequences.js");
        const { sequences, tally, failure } = await runSequences(quick ? 100 : wanted, seed, 1_800_000);
        if (failure !== null) throw new Error(failure);
        const counts = { sequences, ...tally, wrong: 0, seed };
        return Object.entries(counts).map(([name, value]) => ({ name, value, unit: "" }));
      },
    },
  ],
};
