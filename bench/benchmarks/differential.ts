/** Every solver against its twin, on many random and adversarial instances: a row is how many were wrong. */

import type { Benchmark } from "../benchmark.js";
import { differentialCase } from "../differential/differential.js";
import { differentials } from "../differential/index.js";

export const differential: Benchmark = {
  name: "differential",
  summary: "every solver against its twin on many random and adversarial instances, to the last bit",
  cases: differentials.map(differentialCase),
};
