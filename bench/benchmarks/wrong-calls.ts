/** Calls that must be refused, many more than the tests make: a row is how many there were. */

import { Engine } from "webgpu-imle";
import type { Benchmark, CountedCase } from "../benchmark.js";

/** Rows, each of so many calls: one that says nothing for minutes would be taken for a hang. */
const rows = 10;
const callsOfRow = 100_000;

const row = (seed: number): CountedCase => ({
  name: `seed ${seed}`,
  async count({ quick }) {
    // With it comes fast-check, which a page need not load before it is wanted.
    const { WrongCalls } = await import("../../test/support/calls/wrong-calls.js");
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    try {
      const calls = new WrongCalls(Engine.from(device), Engine.from(device));
      const runs = Math.ceil((quick ? 10_000 : callsOfRow) / calls.places.length);
      const answers = calls.places.map((place) => calls.failure(place, { seed, runs }));
      const failures = answers.filter((answer) => answer !== undefined);
      if (failures.length > 0) throw new Error(failures.join("\n"));
      const counts = { places: calls.places.length, calls: calls.tried, wrong: failures.length };
      return Object.entries(counts).map(([name, value]) => ({ name, value, unit: "" }));
    } finally {
      device.destroy();
    }
  },
});

export const wrongCalls: Benchmark = {
  name: "wrong-calls",
  summary: "random wrong arguments in every place of every call: an error that says what is wrong, and nothing done",
  cases: Array.from({ length: rows }, (_, i) => row(i + 2)),
};
