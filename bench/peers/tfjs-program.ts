/** Times TensorFlow.js on a runtime. `device-peer.ts` starts it. */

import type { Host } from "../../tools/runtimes/host.js";
import { checked, type DeviceWork, importPeer, timeTasks } from "./device-program.js";
import { inputShapes, inputsOf, type PeerTask } from "./tasks.js";

/** What is used of it. */
interface TfTensor {
  readonly size: number;
  reshape(shape: readonly number[]): TfTensor;
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  tidy(f: () => TfTensor): TfTensor;
  matMul(x: TfTensor, y: TfTensor, transposeA: boolean, transposeB: boolean): TfTensor;
  add(x: TfTensor, y: TfTensor): TfTensor;
  exp(x: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  softmax(x: TfTensor): TfTensor;
  sum(x: TfTensor, axis?: number): TfTensor;
  cumsum(x: TfTensor, axis: number): TfTensor;
  max(x: TfTensor, axis: number, keepDims: boolean): TfTensor;
  min(x: TfTensor, axis: number, keepDims: boolean): TfTensor;
  topk(x: TfTensor, k: number, sorted: boolean): { readonly values: TfTensor };
  greaterEqual(x: TfTensor, y: TfTensor): TfTensor;
  cast(x: TfTensor, type: "float32"): TfTensor;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  conv2d(x: TfTensor, w: TfTensor, stride: number, padding: number | "valid", format: "NHWC"): TfTensor;
}

export default async function main(host: Host): Promise<void> {
  // Without a window it takes Node and Deno for Node, whose modules it would want: it is to take them for a worker.
  Object.assign(globalThis, { WorkerGlobalScope: class {} });
  const tf = await importPeer<Tf>(host);
  if (!(await tf.setBackend("webgpu"))) throw new Error("its WebGPU backend does not start here");
  await tf.ready();
  await timeTasks(host, (task) => operation(tf, task));
}

function apply(tf: Tf, task: PeerTask): (x: TfTensor, y: TfTensor) => TfTensor {
  switch (task.task) {
    case "matmul":
      return (x, y) => tf.matMul(x, y, task.transposeA, task.transposeB);
    case "add":
      return (x, y) => tf.add(x, y);
    case "exp":
      return (x) => tf.exp(x);
    case "relu":
      return (x) => tf.relu(x);
    case "softmax":
      return (x) => tf.softmax(x);
    case "sum":
      return (x) => tf.sum(x);
    case "sum-rows":
      return (x) => tf.sum(x, 1);
    case "cumulative-sum":
      return (x) => tf.cumsum(x, 1);
    case "top-k":
      // No two elements are equal here, so that a threshold gives the mask; it has no scatter by rows.
      return (x) => tf.cast(tf.greaterEqual(x, tf.min(tf.topk(x, task.k, false).values, 1, true)), "float32");
    case "conv2d": {
      const { stride, padding } = task;
      // Its own layout is NHWC by HWIO: images and windows lie so, and nothing is moved while the clock runs.
      return (x, y) => tf.conv2d(x, y, stride, padding === 0 ? "valid" : padding, "NHWC");
    }
    default:
      throw new Error(`it cannot do ${task.task}`);
  }
}

function operation(tf: Tf, task: PeerTask): DeviceWork<TfTensor> {
  const shapes = inputShapes(task);
  const given = inputsOf(task).map((values, i) => tf.tensor(values, shapes[i]!));
  const orders = [
    [0, 2, 3, 1],
    [2, 3, 1, 0],
  ] as const;
  const isConvolution = task.task === "conv2d";
  const [x, y] = (isConvolution ? given.map((tensor, i) => tf.transpose(tensor, orders[i]!)) : given) as [
    TfTensor,
    TfTensor,
  ];
  const call = apply(tf, task);
  const unit = (): TfTensor => tf.tidy(() => call(x, y));
  return {
    unit,
    async wait(results) {
      const last = results.at(-1)!;
      const number = tf.tidy(() => tf.slice(last.reshape([last.size]), [last.size - 1], [1]));
      await number.data();
      number.dispose();
    },
    // The last number is the same in both layouts of an image.
    check: checked(task, async () => await unit().data()),
    free: (result) => result.dispose(),
    dispose: () => [x, y].forEach((tensor) => tensor?.dispose()),
  };
}
