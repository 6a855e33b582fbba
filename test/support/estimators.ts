/** What tests of estimators share: numbers for a call, and how it is run. */

import { type Engine, givenNoise, type Noise, type SolverLoss, type Tensor } from "webgpu-imle";
import * as assert from "uvu/assert";
import { randomNumbers, randomSource } from "./random.js";

/** Rows of a test's weights, and how long they are. */
export const [rows, n] = [6, 9];

/** One of several rows that lie one after the other. */
export const rowOf = (values: ArrayLike<number>, row: number, size = n): number[] =>
  Array.from({ length: size }, (_, i) => values[row * size + i]!);

export interface Problem {
  readonly theta: Float32Array<ArrayBuffer>;
  readonly noise: Float32Array<ArrayBuffer>;
  readonly dz: Float32Array<ArrayBuffer>;
  /** Of z, and of dz. */
  readonly shape: readonly number[];
  readonly given: Noise;
  /** ∂L/∂z_s of a row and a sample: of a mean, a part of its own. */
  dzOf(row: number, s: number): number[];
}

/** Numbers for one call of a layer, weights from `low` to 1. */
export function problem(engine: Engine, seed: number, samples: number, output: "mean" | "samples", low = -1): Problem {
  const random = randomSource(seed);
  const theta = randomNumbers(random, rows * n, low, 1);
  const noise = randomNumbers(random, rows * samples * n);
  const dz = randomNumbers(random, rows * n * (output === "samples" ? samples : 1));
  const shape = output === "samples" ? [rows, samples, n] : [rows, n];
  const given = givenNoise(engine.tensor(noise, [rows, samples, n]));
  const dzOf = (row: number, s: number): number[] =>
    output === "samples" ? rowOf(dz, row * samples + s) : rowOf(dz, row).map((x) => x / samples);
  return { theta, noise, dz, shape, given, dzOf };
}

/** Runs a layer forward and back. */
export async function runLayer(
  engine: Engine,
  layer: (theta: Tensor) => Tensor,
  theta: Float32Array<ArrayBuffer>,
  dz: Float32Array<ArrayBuffer>,
  shape: readonly number[],
): Promise<{ z: Float32Array; gradient: Float32Array }> {
  const leaf = engine.tensor(theta, [theta.length / shape.at(-1)!, shape.at(-1)!], { requiresGrad: true });
  const z = layer(leaf);
  assert.equal([...z.shape], [...shape]);
  z.backward(engine.tensor(dz, shape));
  return { z: await z.read(), gradient: await leaf.grad!.read() };
}

/** Steps of a loss, once it is prepared, read nothing back, leave no memory, and compile nothing again. */
export async function checkLossSteps(engine: Engine, loss: SolverLoss, theta: Tensor, y: Tensor): Promise<void> {
  await engine.prepare(loss, [theta.shape]);
  checkSteps(engine, () => {
    theta.grad = null;
    loss(theta, y).sum().backward();
  });
}

/** Steps of what is prepared read nothing back, leave no memory, and compile nothing again. */
export function checkSteps(engine: Engine, step: () => void): void {
  for (let i = 0; i < 3; i++) engine.scope(step);
  const before = { ...engine.memory(), ...engine.stats() };
  for (let i = 0; i < 5; i++) engine.scope(step);
  assert.is(engine.stats().readbacks, before.readbacks);
  assert.is(engine.stats().pipelines, before.pipelines);
  assert.is(engine.memory().liveBytes, before.liveBytes);
  assert.is(engine.memory().liveBuffers, before.liveBuffers);
}
