/** What JavaScript spends on an operation, whatever the device then does: the calls, on small tensors. */

import { add, Engine, imle, pid, solve, sumOfGamma, type Tensor, topK } from "webgpu-imle";
import type { Benchmark, Count, CountedCase } from "../benchmark.js";
import { idleEngine } from "../idle-device.js";
import { summarise } from "../statistics.js";
import { digitsStep } from "./training-step.js";

/** Records one unit of work. */
type Unit = () => void;

// The device is idle when a batch begins, and a batch is one submission: on a software adapter the device's own threads
// would else take the processor from the calls that are timed, and in Deno a submission waits for the one before.
const dispatchesOfBatch = 200;

/** Microseconds of the calls, submission included; the median of the batches. */
async function timeCalls(engine: Engine, unit: Unit, quick: boolean): Promise<Count[]> {
  const dispatches = (): number => engine.stats().dispatches;
  for (let i = 0; i < 3; i++) engine.scope(unit);
  await engine.idle();
  const before = engine.stats();
  engine.scope(unit);
  const each = dispatches() - before.dispatches;
  const submitsItself = engine.stats().submits > before.submits;
  const units = submitsItself ? 1 : Math.max(1, Math.floor(dispatchesOfBatch / each));
  const times: number[] = [];
  for (let batch = 0; batch < (quick ? 30 : 150); batch++) {
    await engine.idle();
    const started = performance.now();
    for (let i = 0; i < units; i++) engine.scope(unit);
    engine.flush();
    times.push(((performance.now() - started) * 1000) / units);
  }
  const { median } = summarise(times);
  return [
    { name: "a call", value: median, unit: "µs" },
    { name: "a dispatch", value: median / each, unit: "µs" },
    { name: "dispatches", value: each, unit: "" },
  ];
}

/** The calls on this adapter, and the library's own part of them: the same on a device that does nothing. */
function callCases(name: string, prepare: (engine: Engine) => Unit): CountedCase[] {
  const counted = (create: () => Engine | Promise<Engine>): CountedCase["count"] => {
    return async ({ quick }) => {
      const engine = await create();
      try {
        return await timeCalls(engine, prepare(engine), quick);
      } finally {
        engine.dispose();
      }
    };
  };
  return [
    { name, count: counted(() => Engine.create()) },
    { name: `${name}, without WebGPU`, count: counted(idleEngine) },
  ];
}

function leaf(engine: Engine): Tensor {
  return engine.tensor(new Float32Array(16), [4, 4], { requiresGrad: true });
}

function imleUnit(engine: Engine): Unit {
  const x = leaf(engine);
  const seed = engine.ones([4, 4]);
  const layer = imle(topK(2), { noise: sumOfGamma({ kappa: 2, iterations: 10 }), target: pid({ lambda: 10 }) });
  return () => {
    x.grad = null;
    layer(x).backward(seed);
  };
}

export const javascript: Benchmark = {
  name: "javascript",
  summary: "JavaScript time of operations on small tensors, and of a whole training step, plain and captured",
  cases: [
    ...callCases("add [4, 4]", (engine) => {
      const x = engine.ones([4, 4]);
      return () => void add(x, x);
    }),
    ...callCases("add [4, 4] on the tape, and backward", (engine) => {
      const x = leaf(engine);
      const seed = engine.ones([4, 4]);
      return () => {
        add(x, 1).backward(seed);
        x.grad = null;
      };
    }),
    ...callCases("matmul [4, 4]", (engine) => {
      const x = engine.ones([4, 4]);
      return () => void x.matmul(x);
    }),
    ...callCases("solve top-k [4, 4]", (engine) => {
      const x = engine.ones([4, 4]);
      const solver = topK(2);
      return () => void solve(solver, x);
    }),
    ...callCases("I-MLE step, top-k [4, 4]", imleUnit),
    ...callCases("I-MLE step, top-k [4, 4], captured", (engine) => engine.capture(imleUnit(engine))),
    ...callCases("digits step, batch 4", (engine) => {
      const { step } = digitsStep(engine, 4);
      return () => void step();
    }),
    ...callCases("digits step, batch 4, captured", (engine) => {
      const { step } = digitsStep(engine, 4);
      return engine.capture(() => void step());
    }),
  ],
};
