import { topK } from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { randomNumbers, randomWhole } from "../../test/support/random.js";
import { compareStates, type Differential } from "./differential.js";

const lengths = [1, 7, 20, 64, 350, 1000, 3000];
const mostElements = 60_000;

export const topKDifferential: Differential = {
  name: "top-k",
  instances: 20_000,
  compare(engine, random, index) {
    const n = lengths[index % lengths.length]!;
    const k = random() < 0.5 ? Math.min(n, randomWhole(random, 0, 16)) : randomWhole(random, 0, n);
    const batch = Math.min(200, Math.ceil(mostElements / n));
    const ties = random() < 0.5;
    const weights = randomNumbers(random, batch * n, -4, 4);
    if (ties) weights.forEach((weight, i) => (weights[i] = Math.round(weight)));
    const rows = Array.from({ length: batch }, (_, row) => topKCpu(weights.subarray(row * n, (row + 1) * n), k));
    return compareStates({
      what: `k ${k}${ties ? ", ties" : ""}`,
      solver: topK(k),
      weights: engine.tensor(weights, [batch, n]),
      expected: rows.flatMap((row) => [...row]),
    });
  },
};
