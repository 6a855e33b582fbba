/** Times jax-js on a runtime. `device-peer.ts` starts it. */

import { Engine } from "webgpu-imle";
import type { Host } from "../../tools/runtimes/host.js";
import { expectClose } from "../benchmark.js";
import { givenBatch, givenNoiseStep, lambda, learningRate } from "../given-noise-step.js";
import { checked, type DeviceWork, importPeer, timeTasks } from "./device-program.js";
import { inputShapes, inputsOf, type PeerTask, type TaskOf } from "./tasks.js";

/** What is used of it: arrays are moved into calls, and `ref` keeps one for another. */
interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  slice(...index: (readonly number[])[]): JaxArray;
  astype(type: unknown): JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  sum(axis?: number): JaxArray;
  dispose(): void;
  blockUntilReady(): Promise<JaxArray>;
  data(): Promise<Float32Array>;
}

type Arrays = readonly JaxArray[];

interface Jax {
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit<F extends (...inputs: never[]) => unknown>(f: F): F;
  grad(f: (x: Arrays) => JaxArray): (x: Arrays) => Arrays;
  valueAndGrad(
    f: (z: JaxArray, parameters: Arrays, x: JaxArray, y: JaxArray) => JaxArray,
    options: { argnums: number[] },
  ): (z: JaxArray, parameters: Arrays, x: JaxArray, y: JaxArray) => [JaxArray, [JaxArray, Arrays]];
  valueAndGrad(f: (x: Arrays, dy: JaxArray) => JaxArray): (x: Arrays, dy: JaxArray) => [JaxArray, Arrays];
  readonly numpy: {
    readonly float32: unknown;
    array(values: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    exp(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    sort(x: JaxArray): JaxArray;
    cumsum(x: JaxArray, axis: number): JaxArray;
    power(x: number, y: JaxArray): JaxArray;
    greaterEqual(a: JaxArray, b: JaxArray): JaxArray;
  };
  readonly nn: { relu(x: JaxArray): JaxArray; softmax(x: JaxArray): JaxArray; logSoftmax(x: JaxArray): JaxArray };
  readonly lax: {
    topK(x: JaxArray, k: number): [JaxArray, JaxArray];
    conv(x: JaxArray, w: JaxArray, strides: number[], padding: [number, number][]): JaxArray;
  };
}

export default async function main(host: Host): Promise<void> {
  const jax = await importPeer<Jax>(host);
  if (!(await jax.init("webgpu")).includes("webgpu")) throw new Error("it has no WebGPU here");
  jax.defaultDevice("webgpu");
  await timeTasks(host, (task) => (task.task === "digits-step" ? trainingStep(jax, task) : operation(jax, task)));
}

const wait = async (results: Arrays): Promise<void> => {
  await Promise.all(results.map((result) => result.blockUntilReady()));
};
const free = (result: JaxArray): void => result.dispose();
const refs = (arrays: Arrays): Arrays => arrays.map((array) => array.ref);

/** 1 where an element is one of the k largest of its row; no two of them are equal here. */
function maskOf({ lax, numpy }: Jax, x: JaxArray, k: number): JaxArray {
  const [values, indices] = lax.topK(x.ref, k);
  indices.dispose();
  return numpy.greaterEqual(x, values.slice([], [k - 1, k])).astype(numpy.float32);
}

function apply(jax: Jax, task: PeerTask): (x: JaxArray, y: JaxArray, z: JaxArray) => JaxArray | Arrays {
  const { numpy, nn, lax } = jax;
  switch (task.task) {
    case "matmul":
      return (x, y) =>
        numpy.matmul(task.transposeA ? x.transpose() : x, task.transposeB ? y.transpose() : y);
    case "add":
      return (x, y) => x.add(y);
    case "exp":
      return (x) => numpy.exp(x);
    case "relu":
      return (x) => nn.relu(x);
    case "softmax":
      return (x) => nn.softmax(x);
    case "sum":
      return (x) => x.sum();
    case "sum-rows":
      return (x) => x.sum(1);
    case "sort":
      return (x) => numpy.sort(x);
    case "cumulative-sum":
      return (x) => numpy.cumsum(x, 1);
    case "top-k":
      return (x) => maskOf(jax, x, task.k);
    case "conv2d": {
      const { stride, padding } = task;
      const around: [number, number] = [padding, padding];
      return (x, y) => lax.conv(x, y, [stride, stride], [around, around]);
    }
    case "conv2d-gradients": {
      const convolve = apply(jax, { ...task, task: "conv2d" }) as (x: JaxArray, w: JaxArray) => JaxArray;
      const loss = ([x, w]: Arrays, dy: JaxArray): JaxArray => convolve(x!, w!).mul(dy).sum();
      return (x, w, dy) => {
        const [value, [dx, dw]] = jax.valueAndGrad(loss)([x, w], dy);
        return [dw!, dx!, value];
      };
    }
    default:
      throw new Error(`it cannot do ${task.task}`);
  }
}

function operation(jax: Jax, task: PeerTask): DeviceWork<JaxArray> {
  const shapes = inputShapes(task);
  const inputs = inputsOf(task).map((values, i) => jax.numpy.array(values).reshape(shapes[i]!));
  const call = jax.jit(apply(jax, task) as (...inputs: never[]) => JaxArray) as (...inputs: Arrays) => JaxArray | Arrays;
  const unit = (): JaxArray => {
    const results = call(...refs(inputs));
    if (!Array.isArray(results)) return results as JaxArray;
    results.slice(1).forEach(free);
    return results[0]!;
  };
  return {
    unit,
    wait,
    free,
    check: checked(task, () => unit().data()),
    dispose: () => inputs.forEach(free),
  };
}

/** The step of `given-noise-step.ts`, all of it in one `jit`. */
async function trainingStep(jax: Jax, { batch }: TaskOf<"digits-step">): Promise<DeviceWork<JaxArray>> {
  const { numpy, nn } = jax;
  const engine = await Engine.create();
  engine.seed(1);
  const ours = givenNoiseStep(engine, batch);
  let weights: Arrays = await Promise.all(
    ours.parameters.map(async (parameter) =>
      numpy.array((await parameter.read()) as Float32Array).reshape(parameter.shape),
    ),
  );
  const { pixels, labels, noise } = givenBatch(batch);
  const classes = new Float32Array(batch * 10);
  for (const [i, label] of labels.entries()) classes[i * 10 + label] = 1;
  const x = numpy.array(pixels).reshape([batch, 784]);
  const y = numpy.array(classes).reshape([batch, 10]);
  const given = numpy.array(noise).reshape([batch, 49]);
  const zeros = (): Arrays =>
    ours.parameters.map(({ shape, size }) => numpy.array(new Float32Array(size)).reshape(shape));
  let [means, squares]: [Arrays, Arrays] = [zeros(), zeros()];
  let count = numpy.array(Float32Array.of(0));

  const dense = (input: JaxArray, weight: JaxArray, bias: JaxArray): JaxArray =>
    numpy.matmul(input, weight.transpose()).add(bias);
  const perceptron = (input: JaxArray, [w1, b1, w2, b2]: Arrays): JaxArray =>
    dense(nn.relu(dense(input, w1!, b1!)), w2!, b2!);
  const lossOf = (z: JaxArray, classifier: Arrays, images: JaxArray, truth: JaxArray): JaxArray => {
    const seen = images
      .reshape([batch, 49, 16])
      .mul(z.reshape([batch, 49, 1]))
      .reshape([batch, 784]);
    return nn.logSoftmax(perceptron(seen, classifier)).mul(truth).sum().mul(-1);
  };

  type State = [loss: JaxArray, weights: Arrays, means: Arrays, squares: Arrays, count: JaxArray];
  const step = jax.jit(
    (w: Arrays, m: Arrays, v: Arrays, t: JaxArray, images: JaxArray, truth: JaxArray, epsilon: JaxArray): State => {
      const [selector, classifier] = [w.slice(0, 4), w.slice(4)];
      const theta = perceptron(images.ref, refs(selector));
      const z = maskOf(jax, theta.ref.add(epsilon.ref), 4);
      const [loss, [dz, classifierGradients]] = jax.valueAndGrad(lossOf, { argnums: [0, 1] })(
        z.ref,
        refs(classifier),
        images.ref,
        truth,
      );
      const difference = z.sub(maskOf(jax, theta.sub(dz.mul(lambda)).add(epsilon), 4));
      const selectorGradients = jax.grad((s) => perceptron(images, s).mul(difference).sum())(refs(selector));
      const now = t.add(1);
      const corrections = [0.9, 0.999].map((decay) => numpy.power(decay, now.ref).mul(-1).add(1));
      const gradients = [...selectorGradients, ...classifierGradients];
      const updated = gradients.map((gradient, i) => {
        const mean = m[i]!.mul(0.9).add(gradient.ref.mul(0.1));
        const square = v[i]!.mul(0.999).add(gradient.ref.mul(gradient).mul(0.001));
        const root = numpy.sqrt(square.ref.div(corrections[1]!.ref)).add(1e-8);
        const change = mean.ref.div(corrections[0]!.ref).div(root).mul(learningRate);
        return [w[i]!.sub(change), mean, square] as const;
      });
      corrections.forEach(free);
      const part = (place: 0 | 1 | 2): Arrays => updated.map((one) => one[place]);
      return [loss, part(0), part(1), part(2), now];
    },
  );
  const unit = (): JaxArray => {
    let loss: JaxArray;
    [loss, weights, means, squares, count] = step(weights, means, squares, count, x.ref, y.ref, given.ref);
    return loss;
  };
  return {
    unit,
    wait,
    free,
    async check() {
      for (let i = 0; i < 5; i++) {
        const [wanted] = await engine.scope(ours.step).read();
        expectClose(`its loss of step ${i}`, (await unit().data())[0]!, wanted!, 1e-3);
      }
      engine.dispose();
    },
    dispose: () => [x, y, given, count, ...weights, ...means, ...squares].forEach(free),
  };
}
