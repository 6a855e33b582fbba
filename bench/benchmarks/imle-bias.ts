/**
 * What λ, τ and S do to the gradient of I-MLE, on the paper's toy of n 10, k 5 with Sum-of-Gamma noise: how far its
 * mean is from the Jacobian of the perturbed solver's own marginals (times ∂L/∂z), how far single gradients are from
 * their mean, and how far that Jacobian is from the covariance of the exact distribution, Domke's limit.
 */

import { Engine, enumerated, imle, kSubsetStates, perturbAndMap, pid, sumOfGamma, topK } from "webgpu-imle";
import type { Benchmark, Count, CountedCase } from "../benchmark.js";

const n = 10;
const k = 5;
/** Fixed numbers from −1.5 to 1.5, and from −1 to 1. */
const theta = Float32Array.from({ length: n }, (_, i) => 1.5 * Math.sin(12.9898 * (i + 1)));
const direction = Float32Array.from({ length: n }, (_, i) => Math.sin(78.233 * (i + 1)));

interface Setting {
  readonly lambda: number;
  readonly temperature: number;
  readonly samples: number;
}

const length = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
const less = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => Array.from(a, (value, i) => value - b[i]!);

const repeated = (row: Float32Array, rows: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: rows * row.length }, (_, i) => row[i % row.length]!);

/** J·∂L/∂z of the perturbed marginals, by central differences under common noise. */
async function ownJacobian(engine: Engine, temperature: number): Promise<number[]> {
  const step = 0.1 * temperature;
  const rows = 4096;
  const options = { noise: sumOfGamma({ kappa: k, iterations: Infinity }), samples: 256, temperature };
  const place = engine.random.next(1);
  const marginals = async (side: number): Promise<Float32Array> => {
    const moved = theta.map((value, i) => value + side * step * direction[i]!);
    const each = engine.tensor(repeated(moved, rows), [rows, n]);
    return perturbAndMap(topK(k), each, { ...options, place }).mean(0).read();
  };
  const [up, down] = [await marginals(1), await marginals(-1)];
  return less(up, down).map((value) => value / (2 * step));
}

/** The same of p(z) ∝ exp(⟨z, θ⟩/τ): covariance·∂L/∂z/τ, the gradient of ⟨marginals, ∂L/∂z⟩. */
async function exactJacobian(engine: Engine, temperature: number): Promise<Float32Array> {
  const leaf = engine.tensor(theta, [1, n], { requiresGrad: true });
  enumerated(kSubsetStates(n, k)).marginals(leaf.div(temperature)).backward(engine.tensor(direction, [1, n]));
  return leaf.grad!.read();
}

async function count({ lambda, temperature, samples }: Setting, quick: boolean): Promise<Count[]> {
  const engine = await Engine.create();
  try {
    engine.seed(1);
    const rows = quick ? 2_000 : 20_000;
    const noise = sumOfGamma({ kappa: k, iterations: Infinity });
    const layer = imle(topK(k), { noise, samples, temperature, target: pid({ lambda }), divideByLambda: true });
    const leaf = engine.tensor(repeated(theta, rows), [rows, n], { requiresGrad: true });
    layer(leaf).backward(engine.tensor(repeated(direction, rows), [rows, n]));
    const gradients = await leaf.grad!.read();
    const mean = new Float64Array(n);
    gradients.forEach((value, i) => (mean[i % n]! += value / rows));
    let squares = 0;
    gradients.forEach((value, i) => (squares += (value - mean[i % n]!) ** 2 / rows));
    const own = await ownJacobian(engine, temperature);
    const exact = await exactJacobian(engine, temperature);
    const figures = {
      bias: length(less(mean, own)) / length(own),
      deviation: Math.sqrt(squares) / length(own),
      "gap to covariance": length(less(own, exact)) / length(exact),
    };
    return Object.entries(figures).map(([name, value]) => ({ name, value, unit: "", isDrawn: true }));
  } finally {
    engine.dispose();
  }
}

const caseOf = (setting: Setting): CountedCase => ({
  name: `λ ${setting.lambda} τ ${setting.temperature} S ${setting.samples}`,
  parameters: { ...setting },
  count: ({ quick }) => count(setting, quick),
});

const usual: Setting = { lambda: 1, temperature: 1, samples: 10 };

export const imleBias: Benchmark = {
  name: "imle-bias",
  summary: "bias and deviation of I-MLE's gradient, relative to the Jacobian of the perturbed solver's own marginals",
  cases: [
    ...[0.03, 0.1, 0.3, 1, 3, 10, 30].map((lambda) => caseOf({ ...usual, lambda })),
    ...[0.1, 0.3, 3, 10].map((temperature) => caseOf({ ...usual, temperature })),
    ...[1, 100].map((samples) => caseOf({ ...usual, samples })),
  ],
};
