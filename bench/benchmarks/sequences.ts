/** Random sequences of calls: a row is how many there were, and what was found in them. */

import type { Benchmark, CountedCase } from "../benchmark.js";

/** Rows, each of so many sequences: one that says nothing for minutes would be taken for a hang. */
const rows = 10;
const sequencesOfRow = 500;

const row = (seed: number): CountedCase => ({
  name: `seed ${seed}`,
  async count({ quick }) {
    // With it comes fast-check, which a page need not load before it is wanted.
    const { runSequences } = await import("../sequences/sequences.js");
    const wanted = quick ? 10 : sequencesOfRow;
    const { sequences, tally, failure } = await runSequences(wanted, seed, 150_000);
    if (failure !== null) throw new Error(failure);
    if (sequences < wanted) throw new Error(`${sequences} of ${wanted} sequences ran in the time there was, all well`);
    const counts = { sequences, ...tally, wrong: 0 };
    return Object.entries(counts).map(([name, value]) => ({ name, value, unit: "" }));
  },
});

export const sequences: Benchmark = {
  name: "sequences",
  summary: "random sequences of calls, right and wrong ones: typed errors, right numbers, no hang, memory as a model has it",
  cases: Array.from({ length: rows }, (_, i) => row(i + 1)),
};
