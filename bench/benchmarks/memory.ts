/** What training holds on the device: the same after step 10 and after many, and whether estimators' grows with S. */

import { Engine, fenchelYoung, imle, perturbedOptimiser, sumOfGamma, Tensor, topK } from "webgpu-imle";
import type { Benchmark, Count, CountedCase, CountSettings } from "../benchmark.js";
import { digitsStep } from "./training-step.js";

/** Memory of an engine of its own after step 10 and after the last one. */
async function countBytes(
  steps: number,
  { progress }: CountSettings,
  prepare: (engine: Engine) => () => unknown,
): Promise<Count[]> {
  const engine = await Engine.create();
  try {
    const step = prepare(engine);
    const runTo = async (from: number, to: number): Promise<{ live: number; buffers: number; peak: number }> => {
      for (let i = from; i < to; i++) {
        engine.scope(() => void step());
        if (i % 5 !== 4) continue;
        await engine.idle();
        progress(i / steps);
      }
      await engine.idle();
      const { liveBytes, liveBuffers, peakBytes } = engine.memory();
      return { live: liveBytes, buffers: liveBuffers, peak: peakBytes };
    };
    const early = await runTo(0, 10);
    const late = await runTo(10, steps);
    return [
      { name: "live after step 10", value: early.live, unit: "B" },
      { name: `live after ${steps}`, value: late.live, unit: "B" },
      { name: "buffers after step 10", value: early.buffers, unit: "" },
      { name: `buffers after ${steps}`, value: late.buffers, unit: "" },
      { name: "peak after 10", value: early.peak, unit: "B" },
      { name: `peak after ${steps}`, value: late.peak, unit: "B" },
    ];
  } finally {
    engine.dispose();
  }
}

/** A small batch, since ten thousand steps of a large one take a software adapter half an hour. */
const digitsCase: CountedCase = {
  name: "digits step, batch 8",
  parameters: { batch: 8 },
  count: (settings) => countBytes(settings.quick ? 20 : 10_000, settings, (engine) => digitsStep(engine, 8).step),
};

/**
 * What the digits step holds at its peak, beside what it must hold then: parameters, their gradients and optimiser
 * states, the batch, and what the tape keeps, which is there when backward begins.
 */
const peakCase: CountedCase = {
  name: "digits step, batch 100, peak and tape",
  parameters: { batch: 100 },
  async count() {
    const engine = await Engine.create();
    try {
      const { step } = digitsStep(engine, 100);
      let kept = 0;
      const { backward } = Tensor.prototype;
      Tensor.prototype.backward = function (...seed) {
        kept = engine.memory().liveBytes;
        backward.apply(this, seed);
      };
      try {
        for (let i = 0; i < 3; i++) engine.scope(() => void step());
      } finally {
        Tensor.prototype.backward = backward;
      }
      await engine.idle();
      const { peakBytes } = engine.memory();
      return [
        { name: "live as backward begins", value: kept, unit: "B" },
        { name: "peak, free buffers included", value: peakBytes, unit: "B" },
        { name: "ratio", value: peakBytes / kept, unit: "" },
      ];
    } finally {
      engine.dispose();
    }
  },
};

type Layer = (theta: Tensor) => Tensor;

/** What is stepped through, for k of n and a number of samples. */
const estimators = {
  "I-MLE": (k: number, samples: number): Layer =>
    imle(topK(k), { noise: sumOfGamma({ kappa: k, iterations: 10 }), samples }),
  "perturbed optimiser": (k: number, samples: number): Layer => perturbedOptimiser(topK(k), { samples }),
  "Fenchel–Young": (k: number, samples: number): Layer => {
    const loss = fenchelYoung(topK(k), { samples });
    return (theta) => loss(theta, theta);
  },
} as const;

interface Step {
  readonly estimator: keyof typeof estimators;
  readonly batch: number;
  readonly samples: number;
  readonly sweep?: boolean;
}

function stepCase({ estimator, batch, samples, sweep = false }: Step): CountedCase {
  const [n, k] = [20, 10];
  return {
    sweep,
    name: `${estimator} step [${batch}, ${n}] k ${k} S ${samples}`,
    parameters: { batch, n, k, samples },
    count: (settings) =>
      countBytes(settings.quick ? 20 : 200, settings, (engine) => {
        const theta = engine.tensor(new Float32Array(batch * n), [batch, n], { requiresGrad: true });
        const layer = estimators[estimator](k, samples);
        return () => {
          const y = layer(theta);
          y.backward(engine.ones(y.shape));
          theta.grad = null;
        };
      }),
  };
}

export const memory: Benchmark = {
  name: "memory",
  summary: "bytes and buffers that training holds after 10 steps and after many, and with many samples",
  cases: [
    digitsCase,
    peakCase,
    ...[1, 10, 100].map((samples) => stepCase({ estimator: "I-MLE", batch: 100, samples })),
    ...(["perturbed optimiser", "Fenchel–Young"] as const).flatMap((estimator) =>
      [1000, 4000].map((samples) => stepCase({ estimator, batch: 100, samples })),
    ),
    ...[10, 1000].map((batch) => stepCase({ estimator: "I-MLE", batch, samples: 10, sweep: true })),
  ],
};
