/** What JavaScript spends on recording an operation, whatever the device then does: the calls, on small tensors. */

import { add, imle, pid, type Engine, solve, sumOfGamma, type Tensor, topK } from "webgpu-imle";
import type { Benchmark, TimedCase } from "../benchmark.js";
import { digitsStep } from "./training-step.js";

const recordingCase = (name: string, prepare: (engine: Engine) => () => unknown): TimedCase => ({
  name,
  figure: "recording",
  prepare(engine) {
    const call = prepare(engine);
    return { unit: () => void call() };
  },
});

function leaf(engine: Engine): Tensor {
  return engine.tensor(new Float32Array(16), [4, 4], { requiresGrad: true });
}

export const javascript: Benchmark = {
  name: "javascript",
  summary: "JavaScript time of recording operations on small tensors, and of a whole training step",
  cases: [
    recordingCase("add [4, 4]", (engine) => {
      const x = engine.ones([4, 4]);
      return () => add(x, x);
    }),
    recordingCase("add [4, 4] on the tape, and backward", (engine) => {
      const x = leaf(engine);
      const seed = engine.ones([4, 4]);
      return () => {
        add(x, 1).backward(seed);
        x.grad = null;
      };
    }),
    recordingCase("matmul [4, 4]", (engine) => {
      const x = engine.ones([4, 4]);
      return () => x.matmul(x);
    }),
    recordingCase("solve top-k [4, 4]", (engine) => {
      const x = engine.ones([4, 4]);
      const solver = topK(2);
      return () => solve(solver, x);
    }),
    recordingCase("I-MLE step, top-k [4, 4]", (engine) => {
      const x = leaf(engine);
      const seed = engine.ones([4, 4]);
      const layer = imle(topK(2), { noise: sumOfGamma({ kappa: 2, iterations: 10 }), target: pid({ lambda: 10 }) });
      return () => {
        layer(x).backward(seed);
        x.grad = null;
      };
    }),
    recordingCase("digits step, batch 100", (engine) => digitsStep(engine, 100).step),
  ],
};
