/** What training holds on the device: the same after step 10 and after many, and whether I-MLE's grows with S. */

import { Engine, imle, sumOfGamma, Tensor, topK } from "webgpu-imle";
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

function stepCase(batch: number, n: number, k: number, samples: number, sweep = false): CountedCase {
  return {
    sweep,
    name: `I-MLE step [${batch}, ${n}] k ${k} S ${samples}`,
    parameters: { batch, n, k, samples },
    count: (settings) =>
      countBytes(settings.quick ? 20 : 200, settings, (engine) => {
        const theta = engine.tensor(new Float32Array(batch * n), [batch, n], { requiresGrad: true });
        const gradient = engine.ones([batch, n]);
        const layer = imle(topK(k), { noise: sumOfGamma({ kappa: k, iterations: 10 }), samples });
        return () => {
          layer(theta).backward(gradient);
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
    ...[1, 10, 100].map((samples) => stepCase(100, 20, 10, samples)),
    ...[10, 1000].map((batch) => stepCase(batch, 20, 10, 10, true)),
  ],
};
