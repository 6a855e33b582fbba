/** Top-k masks without noise, and whole I-MLE steps: forward and backward, with noise. */

import { type Engine, imle, pid, solve, solveOutputs, sumOfGamma, type Tensor, topK, topKValues } from "webgpu-imle";
import { topKCpu, topKIndicesCpu } from "webgpu-imle/testing";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";

const bytesOfNumber = 4;

function expectOnes(row: ArrayLike<number>, k: number): void {
  const ones = Array.from(row).filter((value) => value === 1).length;
  if (ones === k && Array.from(row).every((value) => value === 0 || value === 1)) return;
  throw new Error(`top-k: a row must have ${k} ones and zeros else, got ${ones} ones`);
}

/** A row is read once and written once. */
function maskCase(batch: number, n: number, k: number, { sweep = false, headline = false } = {}): TimedCase {
  return {
    headline,
    name: `mask [${batch}, ${n}] k ${k}`,
    parameters: { batch, n, k },
    sweep,
    peers: { task: "top-k", batch, n, k },
    prepare(engine) {
      const theta = engine.normal([batch, n]);
      const solver = topK(k);
      return {
        work: { bytes: 2 * bytesOfNumber * batch * n },
        unit: () => void solve(solver, theta),
        async verify() {
          const [weights, masks] = await Promise.all([theta.read(), solve(solver, theta).read()]);
          for (let row = 0; row < batch; row++) {
            const place = [row * n, (row + 1) * n] as const;
            const mask = masks.subarray(...place);
            expectOnes(mask, k);
            if (row % 16 > 0) continue;
            const wanted = topKCpu(weights.subarray(...place), k);
            if (wanted.some((value, i) => value !== mask[i])) throw new Error(`top-k: row ${row} must be the twin's`);
          }
        },
      };
    },
  };
}

/** A row is read once, and its mask, its k largest and their places are written. */
function outputsCase(batch: number, n: number, k: number): TimedCase {
  return {
    name: `values and indices [${batch}, ${n}] k ${k}`,
    parameters: { batch, n, k },
    prepare(engine) {
      const theta = engine.normal([batch, n]);
      const run = () => solveOutputs(topK(k), theta, ["values", "indices"]);
      return {
        work: { bytes: bytesOfNumber * batch * (2 * n + 2 * k) },
        unit: () => void run(),
        async verify() {
          const { values, indices } = run();
          const [weights, best, places] = await Promise.all([theta.read(), values.read(), indices.read()]);
          for (let row = 0; row < batch; row += 16) {
            const own = weights.subarray(row * n, (row + 1) * n);
            topKIndicesCpu(own, k).forEach((place, j) => {
              const at = row * k + j;
              if (places[at] === place && best[at] === own[place]) return;
              throw new Error(`top-k: place ${j} of row ${row} must be ${place}, got ${places[at]}`);
            });
          }
        },
      };
    },
  };
}

/** A row is read once, and its k largest and their places are written: the engine's own operation, without a mask. */
function valuesCase(batch: number, n: number, k: number): TimedCase {
  return {
    name: `topKValues [${batch}, ${n}] k ${k}`,
    parameters: { batch, n, k },
    prepare(engine) {
      const theta = engine.normal([batch, n]);
      return {
        work: { bytes: bytesOfNumber * batch * (n + 2 * k) },
        unit: () => void topKValues(theta, k),
        async verify() {
          const [weights, places] = await Promise.all([theta.read(), topKValues(theta, k).indices.read<"i32">()]);
          for (let row = 0; row < batch; row += 16) {
            const wanted = topKIndicesCpu(weights.subarray(row * n, (row + 1) * n), k);
            if (wanted.some((place, j) => place !== places[row * k + j])) {
              throw new Error(`topKValues: row ${row} must be the twin's`);
            }
          }
        },
      };
    },
  };
}

/**
 * Forward: θ is read and z written. Backward: θ, ∂L/∂z and z are read and the gradient is written. Noise is drawn in
 * both, and never stored.
 */
function stepCase(batch: number, n: number, k: number, samples: number, sweep = false): TimedCase {
  return {
    headline: !sweep,
    ...(!sweep && { peers: { task: "imle-top-k", batch, n, k, samples } as const }),
    name: `I-MLE step [${batch}, ${n}] k ${k} S ${samples}`,
    parameters: { batch, n, k, samples },
    sweep,
    prepare(engine) {
      const theta = engine.tensor(new Float32Array(batch * n), [batch, n], { requiresGrad: true });
      const gradient = engine.normal([batch, n]);
      const layer = imle(topK(k), {
        noise: sumOfGamma({ kappa: k, iterations: 10 }),
        samples,
        target: pid({ alpha: 1, lambda: 10 }),
      });
      const step = (): Tensor => {
        const z = layer(theta);
        z.backward(gradient);
        return z;
      };
      return {
        work: { draws: 2 * batch * n * samples, bytes: 6 * bytesOfNumber * batch * n },
        unit() {
          step();
          theta.grad = null;
        },
        verify: () => verifyStep(engine, step, theta, n, k),
      };
    },
  };
}

/** Both passes choose k of every row in every sample: the means have sum k, and the gradient, their difference, 0. */
async function verifyStep(engine: Engine, step: () => Tensor, theta: Tensor, n: number, k: number): Promise<void> {
  const scope = engine.openScope();
  const states = await step().read();
  const gradient = await theta.grad!.read();
  theta.grad = null;
  scope.close();
  const rowSum = (values: Float32Array, row: number): number =>
    values.subarray(row * n, (row + 1) * n).reduce((sum, value) => sum + value, 0);
  for (let row = 0; row < states.length / n; row++) {
    expectClose(`I-MLE: the sum of state ${row}`, rowSum(states, row), k);
    expectClose(`I-MLE: the sum of gradient ${row}`, rowSum(gradient, row), 0);
  }
  if (gradient.every((value) => value === 0)) throw new Error("I-MLE: the gradient must not be 0 throughout");
}

export const topKBenchmark: Benchmark = {
  name: "top-k",
  summary: "masks of the k largest, and I-MLE steps (forward and backward) through them",
  cases: [
    maskCase(2000, 20, 10),
    maskCase(40, 350, 10),
    maskCase(70, 350, 10),
    maskCase(256, 1000, 10),
    maskCase(256, 1000, 100),
    maskCase(1000, 1000, 10, { headline: true }),
    maskCase(1, 1_000_000, 1000),
    valuesCase(256, 1000, 10),
    outputsCase(1000, 1000, 10),
    outputsCase(1, 1_000_000, 1000),
    stepCase(2000, 20, 10, 1),
    stepCase(40, 350, 10, 1),
    stepCase(40, 350, 10, 10),
    stepCase(100, 20, 10, 100),
    ...[64, 250, 4000, 30_000].map((n) => maskCase(256, n, 10, { sweep: true })),
    ...[10, 100_000, 500_000].map((k) => maskCase(1, 1_000_000, k, { sweep: true })),
    ...[1, 500].map((k) => maskCase(256, 1000, k, { sweep: true })),
    ...[4, 32, 2048].map((batch) => maskCase(batch, 1000, 10, { sweep: true })),
    ...[1, 4, 32].map((samples) => stepCase(100, 20, 10, samples, true)),
  ],
};
