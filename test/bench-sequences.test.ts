import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runSequences } from "../bench/sequences/sequences.js";

const test = suite("random sequences of calls");

test("end with typed errors only, right numbers, no hang, and memory as a model has it", async () => {
  const { failure, sequences, tally } = await runSequences(150, 1, 45_000);
  assert.is(failure, null);
  assert.is(sequences, 150);
  assert.ok(tally.refused > 100 && tally.values > 100 && tally.memories > 1000, JSON.stringify(tally));
});

test.run();
