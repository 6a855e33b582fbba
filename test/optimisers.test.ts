import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  Adam,
  type AdamOptions,
  AdamW,
  clipGradientNorm,
  cosineSchedule,
  flattenParameters,
  globalNorm,
  RMSprop,
  type RMSpropOptions,
  SGD,
  type SGDOptions,
  stepSchedule,
  type Tensor,
} from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();

/** SGD as PyTorch's documentation states it, in float64. */
function sgdTwin({ learningRate, momentum = 0, nesterov = false, weightDecay = 0 }: Omit<SGDOptions, "parameters">) {
  let buffer: number[] | null = null;
  return (parameter: number[], gradient: ArrayLike<number>): void => {
    const decayed = parameter.map((p, i) => gradient[i]! + weightDecay * p);
    const before: readonly number[] | null = buffer;
    buffer = decayed.map((g, i) => (before ? momentum * before[i]! + g : g));
    const velocity = buffer;
    decayed.forEach((g, i) => {
      const direction = momentum === 0 ? g : nesterov ? g + momentum * velocity[i]! : velocity[i]!;
      parameter[i]! -= learningRate * direction;
    });
  };
}

/** Adam as in Kingma & Ba 2015, Algorithm 1; weight decay as PyTorch's Adam and AdamW define it. In float64. */
function adamTwin(options: Omit<AdamOptions, "parameters">) {
  const { learningRate, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0, decoupled = false } = options;
  const m: number[] = [];
  const v: number[] = [];
  let t = 0;
  return (parameter: number[], gradient: ArrayLike<number>): void => {
    t++;
    parameter.forEach((before, i) => {
      const p = decoupled ? before * (1 - learningRate * weightDecay) : before;
      const g = decoupled ? gradient[i]! : gradient[i]! + weightDecay * before;
      m[i] = betas[0] * (m[i] ?? 0) + (1 - betas[0]) * g;
      v[i] = betas[1] * (v[i] ?? 0) + (1 - betas[1]) * g * g;
      const corrected = { m: m[i]! / (1 - betas[0] ** t), v: v[i]! / (1 - betas[1] ** t) };
      parameter[i] = p - (learningRate * corrected.m) / (Math.sqrt(corrected.v) + epsilon);
    });
  };
}

/** RMSprop as PyTorch's documentation states it, in float64. */
function rmspropTwin(options: Omit<RMSpropOptions, "parameters">) {
  const { learningRate, decay = 0.99, epsilon = 1e-8, momentum = 0, weightDecay = 0 } = options;
  const v: number[] = [];
  const b: number[] = [];
  return (parameter: number[], gradient: ArrayLike<number>): void => {
    parameter.forEach((p, i) => {
      const g = gradient[i]! + weightDecay * p;
      v[i] = decay * (v[i] ?? 0) + (1 - decay) * g * g;
      b[i] = momentum * (b[i] ?? 0) + g / (Math.sqrt(v[i]!) + epsilon);
      parameter[i] = p - learningRate * b[i]!;
    });
  };
}

const agreement = suite("optimisers: agreement with the published rules");

const size = 37; // not a multiple of four, so that the last vector is partly beyond the parameter

async function compareOver50Steps(
  make: (parameters: Tensor[]) => SGD | Adam | RMSprop,
  twin: (parameter: number[], gradient: ArrayLike<number>) => void,
): Promise<void> {
  const random = randomSource(17);
  const start = randomNumbers(random, size);
  const parameter = engine.tensor(start, { requiresGrad: true });
  const expected = Array.from(start);
  const optimiser = make([parameter]);
  let moved = 0;
  for (let step = 0; step < 50; step++) {
    const gradient = randomNumbers(random, size).map((g, i) => (g + 0.3) * 10 ** ((i % 7) - 4));
    parameter.grad = engine.tensor(gradient);
    optimiser.step();
    twin(expected, gradient);
    if (step % 10 !== 9 && step !== 0) continue;
    (await parameter.read()).forEach((value, i) => {
      const travelled = Math.abs(expected[i]! - start[i]!);
      const error = Math.abs(value - expected[i]!);
      assert.ok(error < 2e-6 + 2e-5 * travelled, `step ${step + 1}, element ${i}: ${value} for ${expected[i]}`);
      moved = Math.max(moved, travelled);
    });
  }
  assert.ok(moved > 0.01, "the parameter moved");
  optimiser.dispose();
}

const sgdCases: Omit<SGDOptions, "parameters">[] = [
  { learningRate: 0.01 },
  { learningRate: 0.01, weightDecay: 0.1 },
  { learningRate: 0.01, momentum: 0.9 },
  { learningRate: 0.01, momentum: 0.9, nesterov: true },
  { learningRate: 0.01, momentum: 0.5, nesterov: true, weightDecay: 0.1 },
];
for (const options of sgdCases) {
  agreement(`SGD ${JSON.stringify(options)} follows its float64 twin over 50 steps`, () =>
    compareOver50Steps((parameters) => new SGD({ parameters, ...options }), sgdTwin(options)));
}

const adamCases: Omit<AdamOptions, "parameters">[] = [
  { learningRate: 0.01 },
  { learningRate: 0.003, betas: [0.5, 0.9], epsilon: 1e-3 },
  { learningRate: 0.01, weightDecay: 0.1 },
  { learningRate: 0.01, weightDecay: 0.1, decoupled: true },
  { learningRate: 0.01, betas: [0, 0.99] },
];
for (const options of adamCases) {
  agreement(`Adam ${JSON.stringify(options)} follows its float64 twin over 50 steps`, () =>
    compareOver50Steps((parameters) => new Adam({ parameters, ...options }), adamTwin(options)));
}

const rmspropCases: Omit<RMSpropOptions, "parameters">[] = [
  { learningRate: 0.01 },
  { learningRate: 0.003, decay: 0.9, epsilon: 1e-3, weightDecay: 0.1 },
  { learningRate: 0.001, momentum: 0.9 },
];
for (const options of rmspropCases) {
  agreement(`RMSprop ${JSON.stringify(options)} follows its float64 twin over 50 steps`, () =>
    compareOver50Steps((parameters) => new RMSprop({ parameters, ...options }), rmspropTwin(options)));
}

for (const weightDecay of [undefined, 0.2]) {
  agreement(`AdamW with the weight decay ${weightDecay} follows its float64 twin over 50 steps`, () => {
    const options = { learningRate: 0.01, ...(weightDecay !== undefined && { weightDecay }) };
    const twin = adamTwin({ weightDecay: 0.01, ...options, decoupled: true });
    return compareOver50Steps((parameters) => new AdamW({ parameters, ...options }), twin);
  });
}

agreement("the first step of Adam has the length of the learning rate, whatever the gradient's", async () => {
  const parameter = engine.tensor([1, 1, 1], { requiresGrad: true });
  parameter.grad = engine.tensor([1e-3, -2, 400]);
  new Adam({ parameters: [parameter], learningRate: 0.25 }).step();
  const found = [...(await parameter.read())];
  [0.75, 1.25, 0.75].forEach((value, i) => assert.ok(Math.abs(found[i]! - value) < 1e-5, `${found}`));
});

agreement("two steps of SGD with momentum, worked by hand", async () => {
  const parameter = engine.tensor([8], { requiresGrad: true });
  const optimiser = new SGD({ parameters: [parameter], learningRate: 0.5, momentum: 0.5 });
  for (const gradient of [2, 4]) {
    parameter.grad = engine.tensor([gradient]);
    optimiser.step();
  }
  assert.is((await parameter.read())[0], 8 - 0.5 * 2 - 0.5 * (0.5 * 2 + 4));
});

const behaviour = suite("optimisers: behaviour");

const optimisers = {
  SGD: (parameters: readonly Tensor[]) => new SGD({ parameters, learningRate: 0.1, momentum: 0.9 }),
  Adam: (parameters: readonly Tensor[]) => new Adam({ parameters, learningRate: 0.1 }),
  RMSprop: (parameters: readonly Tensor[]) => new RMSprop({ parameters, learningRate: 0.1, momentum: 0.9 }),
};

for (const [name, make] of Object.entries(optimisers)) {
  behaviour(`${name} changes parameters in place, and keeps no history`, async () => {
    const parameter = engine.tensor([1, 2], { requiresGrad: true });
    const { buffer } = parameter.gpu;
    parameter.grad = engine.ones([2]);
    make([parameter]).step();
    assert.is(parameter.gpu.buffer, buffer);
    assert.is(parameter.node, null);
    assert.ok((await parameter.read())[0]! < 1);
  });

  behaviour(`${name} leaves a parameter without a gradient alone, and its state too`, async () => {
    const [early, late] = [engine.tensor([1], { requiresGrad: true }), engine.tensor([1], { requiresGrad: true })];
    const alone = engine.tensor([1], { requiresGrad: true });
    const [optimiser, reference] = [make([early, late]), make([alone])];
    for (let step = 0; step < 5; step++) {
      early.grad = engine.tensor([1]);
      optimiser.step();
    }
    assert.is((await late.read())[0], 1);
    for (const gradient of [0.5, 0.25]) {
      late.grad = engine.tensor([gradient]);
      alone.grad = engine.tensor([gradient]);
      optimiser.step();
      reference.step();
    }
    assert.equal(await late.read(), await alone.read());
  });

  behaviour(`${name} takes a new learning rate from the next step on`, async () => {
    const parameter = engine.tensor([1], { requiresGrad: true });
    const optimiser = make([parameter]);
    optimiser.learningRate = 0;
    parameter.grad = engine.ones([1]);
    optimiser.step();
    assert.is((await parameter.read())[0], 1);
    optimiser.learningRate = 0.5;
    assert.is(optimiser.learningRate, 0.5);
    optimiser.step();
    assert.ok((await parameter.read())[0]! < 0.6);
  });

  behaviour(`${name} works in the host's buffer, also where it ends with the last element`, async () => {
    const buffer = engine.device.createBuffer({ size: 28, usage: 0x80 | 0x4 | 0x8 });
    engine.device.queue.writeBuffer(buffer, 0, new Float32Array(7).fill(1));
    const wrapped = engine.wrap(buffer, [7], { requiresGrad: true });
    const own = engine.ones([7], { requiresGrad: true });
    const optimiser = make([wrapped, own]);
    wrapped.grad = engine.arange(7, { dtype: "f32" });
    own.grad = engine.arange(7, { dtype: "f32" });
    optimiser.step();
    assert.equal(await wrapped.read(), await own.read());
    assert.ok((await own.read())[6]! < 1);
    wrapped.dispose();
    buffer.destroy();
  });

  behaviour(`${name}: a parameter without elements is no obstacle`, async () => {
    const [empty, full] = [engine.zeros([0], { requiresGrad: true }), engine.ones([2], { requiresGrad: true })];
    empty.grad = engine.zeros([0]);
    full.grad = engine.ones([2]);
    make([empty, full]).step();
    assert.ok((await full.read())[0]! < 1);
  });

  behaviour(`${name}: zeroGrad drops the gradients, and a step without any does nothing`, async () => {
    const parameter = engine.tensor([1], { requiresGrad: true });
    const optimiser = make([parameter]);
    parameter.grad = engine.ones([1]);
    optimiser.zeroGrad();
    assert.is(parameter.grad, null);
    const { dispatches } = engine.stats();
    optimiser.step();
    assert.is(engine.stats().dispatches, dispatches);
  });

  behaviour(`${name}: its state outlives the scope it was made in, and dispose gives all of it back`, async () => {
    const parameter = engine.tensor([1, 2, 3], { requiresGrad: true });
    const { liveBuffers } = engine.memory();
    const optimiser = engine.scope(() => ({ made: make([parameter]) })).made;
    engine.scope(() => {
      parameter.grad = engine.ones([3]);
      optimiser.step();
    });
    optimiser.zeroGrad();
    assert.ok(engine.memory().liveBuffers > liveBuffers);
    optimiser.dispose();
    assert.is(engine.memory().liveBuffers, liveBuffers);
  });
}

behaviour("a step is one dispatch a parameter, and Adam's one more; nothing is read or uploaded", () => {
  const parameters = [3, 5, 8].map((length) => engine.ones([length], { requiresGrad: true }));
  for (const [make, expected] of [[optimisers.SGD, 3], [optimisers.Adam, 4]] as const) {
    const optimiser = make(parameters);
    for (const parameter of parameters) parameter.grad = engine.ones(parameter.shape);
    optimiser.step();
    const before = engine.stats();
    optimiser.step();
    assert.is(engine.stats().dispatches - before.dispatches, expected);
    assert.is(engine.stats().readbacks, before.readbacks);
  }
});

behaviour("Adam counts the steps of each of 1,030 parameters by itself", async () => {
  const parameters = Array.from({ length: 1030 }, () => engine.ones([1], { requiresGrad: true }));
  const optimiser = new Adam({ parameters, learningRate: 0.1 });
  const gradient = [3, 7].map((every) => parameters.filter((_, i) => i % every === 0));
  for (const chosen of gradient) {
    optimiser.zeroGrad();
    for (const parameter of chosen) parameter.grad = engine.ones([1]);
    optimiser.step();
  }
  const progress = await (optimiser.state as { progress: Tensor }).progress.read();
  const counts = parameters.map((_, i) => progress[4 * i]);
  assert.equal(counts, parameters.map((_, i) => Number(i % 3 === 0) + Number(i % 7 === 0)));
});

behaviour("Adam can be captured in a step whose gradients are of other parameters than before", async () => {
  const run = async (capture: boolean): Promise<number[]> => {
    const [a, b] = [engine.ones([1], { requiresGrad: true }), engine.ones([1], { requiresGrad: true })];
    const optimiser = new Adam({ parameters: [a, b], learningRate: 0.1 });
    let calls = 0;
    const step = (): void => {
      optimiser.zeroGrad();
      (calls++ === 0 ? a.add(b) : b.mul(2)).sum().backward();
      optimiser.step();
    };
    const taken = capture ? engine.capture(step) : step;
    for (let i = 0; i < 4; i++) engine.scope(taken);
    return [(await a.read())[0]!, (await b.read())[0]!];
  };
  assert.equal(await run(true), await run(false));
});

behaviour("parameters are taken from a tree of names", async () => {
  const [weight, other] = [engine.ones([2], { requiresGrad: true }), engine.ones([1], { requiresGrad: true })];
  const tree = { hidden: { weight }, list: [other] };
  const optimiser = new SGD({ parameters: tree, learningRate: 1 });
  assert.equal(optimiser.parameters, [weight, other]);
});

behaviour("the state of an optimiser is named after its parameters", () => {
  const parameters = { hidden: { weight: engine.ones([2], { requiresGrad: true }) } };
  const names = (optimiser: Adam | SGD | RMSprop): string[] => flattenParameters(optimiser.state).map(([name]) => name);
  const [rate, momentum] = [{ learningRate: 0.1 }, { learningRate: 0.1, momentum: 0.9 }];
  const moments = ["firstMoment.hidden.weight", "secondMoment.hidden.weight", "progress"];
  assert.equal(names(new Adam({ parameters, ...rate })), moments);
  assert.equal(names(new SGD({ parameters, ...momentum })), ["velocity.hidden.weight"]);
  assert.equal(names(new SGD({ parameters, ...rate })), []);
  assert.equal(names(new RMSprop({ parameters, ...rate })), ["squareAverage.hidden.weight"]);
});

const clipping = suite("gradient clipping");

const shapes: readonly (readonly number[])[] = [[3], [], [8, 4], [0], [129, 101]];

clipping("the global norm is that of all elements of all tensors, in any tree", async () => {
  const random = randomSource(4);
  const tensors = shapes.map((shape) => engine.tensor(randomNumbers(random, shape.reduce((a, b) => a * b, 1)), shape));
  const values = (await Promise.all(tensors.map((tensor) => tensor.read()))).flatMap((array) => [...array]);
  const expected = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const found = await globalNorm({ a: tensors[0]!, b: tensors.slice(1) }).item();
  assert.ok(Math.abs(found - expected) < 1e-5 * expected, `${found} for ${expected}`);
  assert.is(await globalNorm([engine.zeros([0])]).item(), 0);
});

clipping("gradients with a larger norm are scaled to the maximum in place, smaller ones stay as they are", async () => {
  for (const [maximum, scale] of [[2.5, 0.5], [10, 1]] as const) {
    const parameters = [[3, 0], [], [4]].map((gradient) => {
      const parameter = engine.zeros([gradient.length], { requiresGrad: true });
      if (gradient.length > 0) parameter.grad = engine.tensor(gradient);
      return parameter;
    });
    const buffer = parameters[0]!.grad!.gpu.buffer;
    const norm = clipGradientNorm({ list: parameters }, maximum)!;
    assert.is(await norm.item(), 5);
    assert.is(parameters[0]!.grad!.gpu.buffer, buffer);
    const found = [...(await parameters[0]!.grad!.read()), ...(await parameters[2]!.grad!.read())];
    [3 * scale, 0, 4 * scale].forEach((value, i) => assert.ok(Math.abs(found[i]! - value) < 1e-5, `${found}`));
    assert.is(parameters[1]!.grad, null);
  }
});

clipping("without gradients there is no norm, and nothing is left behind in any case", () => {
  const parameter = engine.zeros([5], { requiresGrad: true });
  assert.is(clipGradientNorm([parameter], 1), null);
  parameter.grad = engine.ones([5]);
  const { liveBuffers } = engine.memory();
  const { dispatches } = engine.stats();
  clipGradientNorm([parameter], 1)!.dispose();
  assert.is(engine.memory().liveBuffers, liveBuffers);
  assert.ok(engine.stats().dispatches - dispatches <= 5);
});

clipping("bad maxima, dtypes and trees are refused", () => {
  const parameter = engine.zeros([5], { requiresGrad: true });
  for (const maximum of [0, -1, NaN, "1", undefined]) {
    refused(() => clipGradientNorm([parameter], maximum as never), "value", /^clipGradientNorm: maximum must be/);
  }
  refused(() => clipGradientNorm(3 as never, 1), "value", /^clipGradientNorm: .*got 3/);
  refused(() => globalNorm([]), "value", /^globalNorm: there must be at least one tensor/);
  refused(() => globalNorm([engine.arange(3)]), "dtype", /^globalNorm: each tensor must be f32/);
});

const schedules = suite("schedules");

schedules("a step schedule multiplies by its factor at each milestone", () => {
  const schedule = stepSchedule({ initial: 8, milestones: [30, 40], factor: 0.5 });
  assert.equal([0, 29, 30, 39, 40, 1000].map(schedule), [8, 8, 4, 4, 2, 2]);
  assert.is(stepSchedule({ initial: 1, milestones: [1] })(1), 0.1);
});

schedules("a cosine schedule warms up evenly and falls along half a cosine", () => {
  const schedule = cosineSchedule({ initial: 2, final: 1, steps: 14, warmup: 4 });
  const expected = [0.5, 1, 1.5, 2, 2, 1.5 + 0.5 * Math.cos(Math.PI / 10), 1.5, 1, 1];
  [0, 1, 2, 3, 4, 5, 9, 14, 99].map(schedule).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-12));
});

schedules("what makes no schedule is refused", () => {
  const cosine = { initial: 1, steps: 10 };
  refused(() => cosineSchedule({ ...cosine, warmup: 10 }), "value", /^cosineSchedule: steps .*got 10 and 10/);
  refused(() => cosineSchedule({ ...cosine, initial: -1 }), "value", /^cosineSchedule: initial .*got -1/);
  refused(() => cosineSchedule(undefined as never), "value", /^cosineSchedule: options/);
  refused(() => cosineSchedule(cosine)(-1), "value", /^cosineSchedule: the step .*got -1/);
  refused(() => stepSchedule({ initial: 1, milestones: [4, 3] }), "value", /^stepSchedule: milestones .*got \[4, 3\]/);
  refused(() => stepSchedule({ initial: 1, milestones: 3 as never }), "value", /^stepSchedule: milestones .*got 3/);
  refused(() => stepSchedule({ initial: 1, milestones: [3], factor: 0 }), "value", /^stepSchedule: factor .*got 0/);
});

const refusals = suite("optimisers: bad input");

const leaf = engine.ones([2], { requiresGrad: true });
const constant = engine.ones([2]);
const result = leaf.mul(2);
const gone = engine.ones([2], { requiresGrad: true });
gone.dispose();
const good = { parameters: [leaf], learningRate: 0.1 };
const bad: [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["no parameters", () => new SGD({ ...good, parameters: [] }), "value", /SGD: .*at least one tensor, got none/],
  ["a number for a parameter", () => new SGD({ ...good, parameters: [leaf, 3 as never] }), "value", /got 3 at "1"/],
  ["a result", () => new Adam({ ...good, parameters: { a: result } }), "value", /leaf.*result .*"a"/],
  ["no gradient wanted", () => new Adam({ ...good, parameters: [constant] }), "value", /leaf that requires a gradient/],
  ["a parameter twice", () => new SGD({ ...good, parameters: [leaf, leaf] }), "value", /once, got "1" again/],
  ["a disposed parameter", () => new SGD({ ...good, parameters: [gone] }), "disposed", /alive/],
  ["a negative learning rate", () => new SGD({ ...good, learningRate: -1 }), "value", /SGD: learningRate .*got -1/],
  ["NaN for a learning rate", () => new Adam({ ...good, learningRate: NaN }), "value", /Adam: learningRate .*got NaN/],
  ["no learning rate", () => new Adam({ parameters: [leaf] } as never), "value", /learningRate .*got undefined/],
  ["a momentum of 1", () => new SGD({ ...good, momentum: 1 }), "value", /SGD: momentum .*got 1/],
  ["Nesterov without momentum", () => new SGD({ ...good, nesterov: true }), "value", /nesterov must come with/],
  ["a negative decay", () => new SGD({ ...good, weightDecay: -0.1 }), "value", /weightDecay .*got -0.1/],
  ["a β of 1", () => new Adam({ ...good, betas: [0.9, 1] }), "value", /Adam: betas .*got \[0.9, 1\]/],
  ["one β", () => new Adam({ ...good, betas: [0.9] as never }), "value", /Adam: betas .*got \[0.9\]/],
  ["an ε of 0", () => new Adam({ ...good, epsilon: 0 }), "value", /Adam: epsilon .*got 0/],
  ["a decay of 1", () => new RMSprop({ ...good, decay: 1 }), "value", /RMSprop: decay .*got 1/],
  ["AdamW with an option of Adam", () => new AdamW({ ...good, decoupled: true } as never), "value", /AdamW: .*decoupled/],
  ["no options", () => new Adam(undefined as never), "value", /Adam: options .*got undefined/],
  ["a misspelt option", () => new SGD({ ...good, momentun: 0.9 } as never), "value", /SGD: .*got momentun/],
];
for (const [name, run, code, message] of bad) {
  refusals(`${name}: refused, and nothing is left behind`, () => {
    const before = engine.memory();
    refused(run, code, message);
    assert.equal(engine.memory(), before);
  });
}

refusals("a negative learning rate is refused later too, and the old one stays", () => {
  const optimiser = new SGD(good);
  refused(() => (optimiser.learningRate = -1), "value", /learningRate/);
  assert.is(optimiser.learningRate, 0.1);
});

refusals("a disposed parameter is refused at the step, before any other has changed", () => {
  const parameters = [engine.ones([2], { requiresGrad: true }), engine.ones([2], { requiresGrad: true })];
  const optimiser = new SGD({ parameters, learningRate: 0.1 });
  for (const parameter of parameters) parameter.grad = engine.ones([2]);
  parameters[1]!.dispose();
  const { dispatches } = engine.stats();
  refused(() => optimiser.step(), "disposed", /SGD\.step/);
  assert.is(engine.stats().dispatches, dispatches);
});

agreement.run();
behaviour.run();
clipping.run();
schedules.run();
refusals.run();
