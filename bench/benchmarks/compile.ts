/** What the first call costs beyond a later one: its pipelines are compiled, on an engine of its own. */

import { add, dijkstraGrid, Engine, exp, imle, solve, sumOfGamma, topK } from "webgpu-imle";
import type { Benchmark, Count, CountedCase } from "../benchmark.js";
import { summarise } from "../statistics.js";
import { digitsStep } from "./training-step.js";

/** Milliseconds until the device is done with a call. */
async function timeOf(engine: Engine, call: () => unknown): Promise<number> {
  const started = performance.now();
  engine.scope(() => void call());
  engine.flush();
  await engine.idle();
  return performance.now() - started;
}

async function countCompilation(repeats: number, prepare: (engine: Engine) => () => unknown): Promise<Count[]> {
  const first: number[] = [];
  const later: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const engine = await Engine.create();
    try {
      const call = prepare(engine);
      await engine.idle();
      first.push(await timeOf(engine, call));
      later.push(await timeOf(engine, call));
    } finally {
      engine.dispose();
    }
  }
  const count = (name: string, values: readonly number[]): Count => {
    const { median, spread } = summarise(values);
    return { name, value: median, unit: "ms", spread };
  };
  return [count("first call", first), count("second call", later)];
}

const compileCase = (name: string, prepare: (engine: Engine) => () => unknown): CountedCase => ({
  name,
  count: ({ quick }) => countCompilation(quick ? 3 : 9, prepare),
});

export const compile: Benchmark = {
  name: "compile",
  summary: "the first call of an operation on a new engine, which compiles its pipelines, and the second",
  cases: [
    compileCase("exp, add", (engine) => {
      const x = engine.ones([64]);
      return () => add(exp(x), x);
    }),
    compileCase("matmul", (engine) => {
      const x = engine.ones([64, 64]);
      return () => x.matmul(x);
    }),
    compileCase("solve top-k [64, 100] k 10", (engine) => {
      const x = engine.ones([64, 100]);
      return () => solve(topK(10), x);
    }),
    compileCase("solve dijkstra-grid [64, 12, 12]", (engine) => {
      const x = engine.ones([64, 12, 12]);
      return () => solve(dijkstraGrid(), x);
    }),
    compileCase("I-MLE step, top-k [64, 100] k 10", (engine) => {
      const x = engine.tensor(new Float32Array(6400), [64, 100], { requiresGrad: true });
      const seed = engine.ones([64, 100]);
      const layer = imle(topK(10), { noise: sumOfGamma({ kappa: 10, iterations: 10 }) });
      return () => {
        layer(x).backward(seed);
        x.grad = null;
      };
    }),
    compileCase("digits step, batch 100", (engine) => digitsStep(engine, 100).step),
  ],
};
