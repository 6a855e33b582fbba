/** Times jax-js on a runtime, by the same measuring core. `jax-js.ts` starts it. */

import type { Host } from "../../tools/runtimes/host.js";
import { expectClose } from "../benchmark.js";
import { type Batch, measure } from "../measure.js";
import { type PeerTask, peerCosts } from "./peer.js";

export interface JaxArguments {
  /** Where Node finds jax-js; Chrome loads it from the server. */
  readonly module: string;
  readonly task: Extract<PeerTask, { task: "matmul" }>;
  readonly budgetMilliseconds: number;
}

/** What is used of it: arrays are moved into calls, and `ref` keeps one for another. */
interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  dispose(): void;
  blockUntilReady(): Promise<JaxArray>;
  data(): Promise<Float32Array>;
}

interface Jax {
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit(apply: (a: JaxArray, b: JaxArray) => JaxArray): (a: JaxArray, b: JaxArray) => JaxArray;
  readonly numpy: { array(values: Float32Array): JaxArray; matmul(a: JaxArray, b: JaxArray): JaxArray };
}

export default async function main(host: Host): Promise<void> {
  const { module, task, budgetMilliseconds } = host.args as JaxArguments;
  const { rows, inner, columns } = task;
  const address = host.runtime === "node" ? module : new URL("/data/jax-js/index.js", import.meta.url).href;
  // It looks for Firefox in this name, which older versions of Node do not have.
  if (navigator.userAgent === undefined) Object.defineProperty(navigator, "userAgent", { value: host.runtime });
  const jax = (await import(address)) as Jax;
  if (!(await jax.init("webgpu")).includes("webgpu")) throw new Error("it has no WebGPU here");
  jax.defaultDevice("webgpu");

  const [left, right] = [peerCosts(rows * inner), peerCosts(inner * columns)];
  const a = jax.numpy.array(left).reshape([rows, inner]);
  const b = jax.numpy.array(right).reshape([inner, columns]);
  const product = jax.jit((x, y) => jax.numpy.matmul(x, y));
  let wanted = 0;
  for (let i = 0; i < inner; i++) wanted += left[(rows - 1) * inner + i]! * right[i * columns + columns - 1]!;
  expectClose("jax-js: the last number", (await product(a.ref, b.ref).data())[rows * columns - 1]!, wanted);

  const run = async (units: number): Promise<Batch> => {
    const started = performance.now();
    // It drops work whose result nobody keeps: all are kept until the last is there.
    const results = Array.from({ length: units }, () => product(a.ref, b.ref));
    const recorded = performance.now();
    await Promise.all(results.map((result) => result.blockUntilReady()));
    const wall = performance.now() - started;
    for (const result of results) result.dispose();
    return { wall, recording: recorded - started, device: null };
  };
  const started = performance.now();
  await run(1);
  const fixedCost = Math.min(performance.now() - started, 12);
  const { time } = await measure({
    run,
    figure: "wall",
    now: () => performance.now(),
    fixedCost,
    batchMilliseconds: Math.max(40, 10 * fixedCost),
    budgetMilliseconds: 4 * budgetMilliseconds,
    precision: 0.05,
    maximumUnits: 64,
  });
  host.emit({ type: "time", time });
}
