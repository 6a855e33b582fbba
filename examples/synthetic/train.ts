/**
 * Minimises E‖z − b‖² over distributions of 5-subsets of 10 items, by every method, from the same starts: a hundred
 * problems and all learning rates side by side, as the batch of one training. A program: it runs unchanged on Node,
 * Deno and Chrome.
 */

import { Engine, enumerated, kSubsetStates, noGrad, SGD, stack, type Tensor } from "webgpu-imle";
import type { Host } from "../../tools/runtimes/host.js";
import type { ProgressEvent } from "../report/experiment.js";
import { StepCounter } from "../report/steps.js";
import type { Course, GridEvent, MethodEvent, Outcome, ProblemsEvent } from "./events.js";
import { imleLoss, k, lambdas, type Method, methodKeys, methods, n, rates, type TotalLoss } from "./methods.js";

/** `host.args` */
export interface Arguments {
  readonly seed: number;
  /** Steps of gradient descent. */
  readonly steps: number;
}

export const repeats = 100;
const momentum = 0.9;
// The host may run ahead of the device by so many steps; it waits then, reads nothing, and tells how far it is.
const stepsBetweenWaits = 5;

const distribution = enumerated(kSubsetStates(n, k));

/** A hundred problems, and the weights that all methods start from. */
interface Problems {
  /** [repeats, n] */
  readonly b: Float32Array;
  readonly start: Float32Array;
  /** ‖z − b‖² of every state less the least, [repeats, states]. */
  readonly excess: Tensor;
}

async function makeProblems(engine: Engine): Promise<Problems> {
  const numbers = async (): Promise<Float32Array> => {
    const drawn = engine.normal([repeats, n]);
    const values = await drawn.read();
    drawn.dispose();
    return values;
  };
  const [b, start] = [await numbers(), await numbers()];
  const { count, values } = distribution.states;
  const excess = new Float32Array(repeats * count);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const losses = Array.from({ length: count }, (_, state) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (values[state * n + i]! - b[repeat * n + i]!) ** 2;
      return sum;
    });
    const least = Math.min(...losses);
    excess.set(losses.map((loss) => loss - least), repeat * count);
  }
  return { b, start, excess: engine.tensor(excess, [repeats, count]) };
}

/** The exact expected loss of weights [groups, repeats, n] above the least there is: [groups, repeats]. */
const exactLoss = (theta: Tensor, { excess }: Problems): Tensor =>
  theta.engine.scope(() => noGrad(() => distribution.logProbabilities(theta).exp().mul(excess).sum(-1)));

/** All problems, once for each group, a group being a learning rate and a λ (by which its loss is multiplied). */
interface Group {
  readonly rate: number;
  readonly lambda?: number;
}

/** What a training needs of the program around it. */
interface Watch {
  /** Called after every step, with what it has done. */
  readonly onStep: (done: number) => Promise<void>;
  readonly counter: StepCounter;
}

/**
 * Trains all groups together, by gradient descent with momentum. A group's rate multiplies its gradients, its λ its
 * loss: that is what λ does, so that all groups go through one solver.
 *
 * @param evaluate  after which steps, from 0, the loss is worked out
 * @returns losses at these steps, [groups, repeats] each
 */
async function train(
  problems: Problems,
  loss: TotalLoss,
  groups: readonly Group[],
  steps: number,
  evaluate: (step: number) => boolean,
  { onStep, counter }: Watch,
): Promise<Float32Array[]> {
  const { engine } = problems.excess;
  const shape = [groups.length, repeats, n];
  const repeated = (values: Float32Array): Float32Array =>
    Float32Array.from({ length: groups.length * values.length }, (_, i) => values[i % values.length]!);
  const perGroup = (value: (group: Group) => number): Tensor => engine.tensor(groups.map(value), [groups.length, 1, 1]);
  const theta = engine.tensor(repeated(problems.start), shape, { requiresGrad: true });
  const b = engine.tensor(repeated(problems.b), shape);
  const rates = perGroup(({ rate, lambda = 1 }) => rate / lambda);
  const scales = perGroup(({ lambda = 1 }) => lambda);
  const optimiser = new SGD({ parameters: [theta], learningRate: 1, momentum });
  const losses: Tensor[] = evaluate(0) ? [exactLoss(theta, problems)] : [];
  for (let step = 1; step <= steps; step++) {
    counter.count(() =>
      engine.scope(() => {
        optimiser.zeroGrad();
        loss(theta, b, scales).backward();
        theta.grad = theta.grad!.mul(rates);
        optimiser.step();
      }),
    );
    if (evaluate(step)) losses.push(exactLoss(theta, problems));
    if (step % stepsBetweenWaits === 0 || step === steps) await onStep(step);
  }
  const together = stack(losses);
  const values = await together.read();
  for (const tensor of [theta, b, rates, scales, together, ...losses]) tensor.dispose();
  optimiser.dispose();
  const size = groups.length * repeats;
  return losses.map((_, i) => values.subarray(i * size, (i + 1) * size));
}

export default async function main(host: Host): Promise<void> {
  const { seed, steps } = host.args as Arguments;
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const engine = await Engine.create();
  engine.seed(seed);
  const problems = await makeProblems(engine);
  const counter = new StepCounter(engine);

  const parts = methodKeys.length + 1;
  const watch = (stage: string, part: number, total: number): Watch => ({
    counter,
    onStep: async (step) => {
      await engine.idle();
      const place = { epoch: part, epochs: parts, step, steps: total, unit: "method" };
      host.emit({ type: "progress", stage, ...place } satisfies ProgressEvent);
    },
  });

  for (const [index, key] of methodKeys.entries()) {
    const method: Method = methods[key];
    const { published, patience = 1 } = method;
    const groups = [...(published === undefined ? [] : [{ rate: published }]), ...rates.map((rate) => ({ rate }))];
    const own = steps * patience;
    const evaluate = (step: number): boolean => step % patience === 0;
    const losses = await train(problems, method.make(), groups, own, evaluate, watch(method.name, index + 1, own));
    if (index === 0) {
      const untrained = mean(ofGroup(losses[0]!, 0));
      host.emit({ type: "problems", repeats, untrained } satisfies ProblemsEvent);
    }
    host.emit(methodEvent(key, method, losses, own, elapsed()));
  }

  const pairs = lambdas.flatMap((lambda) => rates.map((rate) => ({ rate, lambda })));
  const last = (step: number): boolean => step === steps;
  const [final] = await train(problems, imleLoss(1), pairs, steps, last, watch("I-MLE, rates and λ", parts, steps));
  const means = lambdas.map((_, row) => rates.map((_, column) => mean(ofGroup(final!, row * rates.length + column))));
  host.emit({ type: "grid", means } satisfies GridEvent);
  host.emit(counter.summary(elapsed()));
  engine.dispose();
}

const ofGroup = (losses: Float32Array, group: number): Float32Array =>
  losses.subarray(group * repeats, (group + 1) * repeats);

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function outcomeOf(values: Float32Array): Outcome {
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { mean: middle, deviation: Math.sqrt(squares / values.length) };
}

function methodEvent(
  key: string,
  { published, patience = 1 }: Method,
  losses: readonly Float32Array[],
  steps: number,
  seconds: number,
): MethodEvent {
  const last = losses.at(-1)!;
  const first = published === undefined ? 0 : 1;
  const outcomes = rates.map((_, i) => outcomeOf(ofGroup(last, first + i)));
  const best = outcomes.reduce((least, { mean }, i) => (mean < outcomes[least]!.mean ? i : least), 0);
  return {
    type: "method",
    method: key,
    steps,
    published: published === undefined ? null : { rate: published, outcome: outcomeOf(ofGroup(last, 0)) },
    outcomes,
    course: courseOf(losses.map((values) => ofGroup(values, published === undefined ? best : 0)), patience),
    seconds,
  };
}

function courseOf(losses: readonly Float32Array[], stepsBetween: number): Course {
  const sorted = losses.map((values) => values.slice().sort());
  const at = (share: number): number[] => sorted.map((values) => values[Math.round(share * (values.length - 1))]!);
  return {
    steps: losses.map((_, i) => i * stepsBetween),
    mean: losses.map(mean),
    low: at(0.1),
    high: at(0.9),
  };
}
