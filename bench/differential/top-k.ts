import { topK } from "webgpu-imle";
import { topKIndicesCpu } from "webgpu-imle/testing";
import { randomNumbers, randomWhole } from "../../test/support/random.js";
import { compareStates, type Differential } from "./differential.js";

/** Around where kernels change, and long ones; gone through in turn, so that few instances have all kernels too. */
const lengths = [33, 8193, 1, 1_000_000, 350, 3585, 20, 20_000, 64, 100_000, 7, 3000, 32, 1000] as const;
const mostElements = 60_000;

/** Few in half of the batches, else any number; of very long rows few in most, as an ordered list takes long. */
function drawK(random: () => number, n: number): number {
  const few = random() < (n > 50_000 ? 0.9 : 0.5);
  return few ? Math.min(n, randomWhole(random, 0, n > 50_000 ? 1000 : 16)) : randomWhole(random, 0, n);
}

export const topKDifferential: Differential = {
  name: "top-k",
  instances: 20_000,
  compare(engine, random, index) {
    const n = lengths[index % lengths.length]!;
    const k = drawK(random, n);
    const batch = Math.min(200, Math.ceil(mostElements / n));
    const [ties, given, ordered, largest] = [0.5, 0.5, 0.5, 0.7].map((chance) => random() < chance);
    const weights = randomNumbers(random, batch * n, -4, 4);
    if (ties) weights.forEach((weight, i) => (weights[i] = Math.round(weight)));
    const own = Array.from({ length: batch }, () => (given ? randomWhole(random, 0, k) : k));
    const rows = own.map((count, row) => ({ count, weights: weights.subarray(row * n, (row + 1) * n) }));
    const order = rows.map((row) => topKIndicesCpu(row.weights, row.count, largest));
    const filled = (places: readonly number[], filler: number): number[] =>
      Array.from({ length: k }, (_, j) => places[j] ?? filler);
    const expected = new Int32Array(batch * n);
    order.forEach((places, row) => places.forEach((i) => (expected[row * n + i] = 1)));
    const outputs = {
      indices: order.flatMap((places) => filled(places, -1)),
      values: order.flatMap((places, row) => filled(places.map((i) => rows[row]!.weights[i]!), 0)),
    };
    return compareStates({
      what: `k ${k}${given ? ", a row's own" : ""}${ties ? ", ties" : ""}${largest ? "" : ", smallest"}`,
      solver: topK(k, { largest: largest! }),
      weights: engine.tensor(weights, [batch, n]),
      ...(given && { inputs: { k: engine.tensor(Uint32Array.from(own), [batch]) } }),
      expected,
      ...(ordered && { outputs }),
    });
  },
};
