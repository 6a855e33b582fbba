import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  abs,
  add,
  Adam,
  BatchNorm1d,
  clamp,
  crossEntropy,
  Dropout,
  type Engine,
  exp,
  gumbel,
  imle,
  leakyRelu,
  Linear,
  log,
  mul,
  noGrad,
  type ParameterTree,
  pid,
  relu,
  SGD,
  sigmoid,
  solve,
  square,
  sub,
  sumOfGamma,
  tanh,
  type Tensor,
  topK,
} from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine({ debug: false });

const batch = 8;
const features = 24;
const classes = 5;

interface Training {
  readonly step: (x: Tensor, y: Tensor) => Tensor;
  readonly optimiser: Adam | SGD;
  readonly state: readonly Tensor[];
}

/** Like the digits: a selector picks features through I-MLE, classifiers see the picked ones, random ones, and all. */
function digitsLike(on: Engine): Training {
  const hidden = new Linear(on, features, 16);
  const norm = new BatchNorm1d(on, 16);
  const selector = new Linear(on, 16, features);
  const dropout = new Dropout(on, 0.3);
  const classifiers = [0, 1, 2].map(() => new Linear(on, features, classes));
  const choose = imle(topK(4), { noise: sumOfGamma({ kappa: 4, iterations: 10 }), target: pid({ lambda: 10 }) });
  const layers = [hidden, norm, selector, ...classifiers];
  const parameters: ParameterTree = layers.map((layer) => layer.parameters);
  const optimiser = new Adam({ parameters, learningRate: 1e-2 });
  const step = (x: Tensor, y: Tensor): Tensor => {
    optimiser.zeroGrad();
    const mask = choose(selector.forward(dropout.forward(relu(norm.forward(hidden.forward(x))))));
    const random = noGrad(() => solve(topK(4), on.uniform([batch, features])));
    const seen = [x.mul(mask), x.mul(random), x];
    const loss = seen
      .map((input, i) => crossEntropy(classifiers[i]!.forward(input), y))
      .reduce((sum, one) => sum.add(one));
    loss.backward();
    optimiser.step();
    return loss;
  };
  return { step, optimiser, state: [...optimiser.parameters, norm.runningMean, norm.runningVariance] };
}

/** I-MLE with several samples, and a decay that is no whole number of Adam's steps. */
function imleStep(on: Engine): Training {
  const theta = on.tensor(randomNumbers(randomSource(3), features), [1, features], { requiresGrad: true });
  const choose = imle(topK(3), { noise: gumbel(), samples: 5, temperature: 0.5, target: pid({ lambda: 3 }) });
  const optimiser = new SGD({ parameters: [theta], learningRate: 0.1, momentum: 0.9 });
  const step = (x: Tensor): Tensor => {
    optimiser.zeroGrad();
    const loss = choose(theta).sub(1).mul(x).pow(2).sum();
    loss.backward();
    optimiser.step();
    return loss;
  };
  return { step, optimiser, state: [theta] };
}

function* batches(steps: number): Generator<[Float32Array<ArrayBuffer>, Int32Array<ArrayBuffer>]> {
  const random = randomSource(1);
  for (let i = 0; i < steps; i++) {
    yield [randomNumbers(random, batch * features), Int32Array.from({ length: batch }, () => Math.floor(random() * classes))];
  }
}

const capture = suite("captured steps");

for (const [name, make] of Object.entries({ digitsLike, imleStep })) {
  capture(`${name}: 50 steps give the bits of plain ones, with memory that stays`, async () => {
    const outcomes: number[][] = [];
    for (const captured of [false, true]) {
      const on = await testEngine({ debug: false });
      on.seed(5);
      const { step: plain, optimiser, state } = make(on);
      const step = captured ? on.capture(plain) : plain;
      const losses: Tensor[] = [];
      let held = on.memory();
      let dispatches = 0;
      let number = 0;
      for (const [x, y] of batches(50)) {
        if (number === 20) optimiser.learningRate /= 2;
        const before = on.stats().dispatches;
        const loss = on.scope(() => step(on.tensor(x, [batch, features]), on.tensor(y)).mul(1));
        dispatches = on.stats().dispatches - before;
        losses.push(loss.keep());
        number++;
        if (number === 10) held = on.memory();
        if (number > 10) assert.is(on.memory().liveBuffers - held.liveBuffers, number - 10, `losses kept, step ${number}`);
      }
      if (captured) assert.is((step as { dispatches: number } & typeof step).dispatches, dispatches - 1);
      const read: number[] = [];
      for (const tensor of [...losses, ...state]) read.push(...(await tensor.read()));
      outcomes.push(read);
      for (const [index, { grad }] of optimiser.parameters.entries()) {
        assert.ok(grad !== null, `parameter ${index}`);
        read.push(...(await grad.read()));
      }
      on.dispose();
    }
    const [plain, captured] = outcomes as [number[], number[]];
    assert.is(captured.length, plain.length);
    assert.is(captured.findIndex((value, i) => !Object.is(value, plain[i])), -1);
    assert.ok(plain.every(Number.isFinite));
    assert.ok(plain[49]! < plain[0]!, `the loss must fall: ${plain[0]}, then ${plain[49]}`);
  });
}

/** w of one number, and a step that moves it by the gradient of (w·x − 1)². */
function oneWeight(): { w: Tensor; optimiser: SGD; loss: (x: Tensor) => Tensor } {
  const w = engine.tensor([0.5], { requiresGrad: true, label: "w" });
  return { w, optimiser: new SGD({ parameters: [w], learningRate: 0.25 }), loss: (x) => w.mul(x).sub(1).pow(2).sum() };
}

async function refusedInside(step: () => unknown, message: RegExp): Promise<void> {
  const { liveBuffers } = engine.memory();
  const captured = engine.capture(step);
  await captured();
  for (let turn = 0; turn < 2; turn++) refused(captured, "engine", message);
  assert.is(engine.memory().liveBuffers, liveBuffers);
  assert.equal([...(await engine.ones([2]).add(1).read())], [2, 2]);
}

capture("what cannot be replayed is refused with what to do, and leaves the engine as it was", async () => {
  const x = engine.ones([3]);
  await refusedInside(() => void engine.scope(() => x.add(engine.tensor([1, 2, 3]))), /tensor: a captured step must upload/);
  await refusedInside(() => x.write(Float32Array.of(1, 2, 3)), /upload: a captured step must write nothing from the host/);
  await refusedInside(() => void x.read().catch(() => undefined), /read: a captured step must read nothing back/);
  await refusedInside(() => void engine.idle().catch(() => undefined), /idle: a captured step must wait for nothing/);
  await refusedInside(() => x.add(1).keep().dispose(), /keep: a captured step must keep nothing/);
  const inner = engine.capture(() => x.add(1));
  await refusedInside(() => void inner().dispose(), /captured step: a captured step must call no other one/);
  await refusedInside(() => {
    try {
      engine.tensor([1]).dispose();
    } catch {
      // swallowed: the capture must fail all the same
    }
  }, /tensor: a captured step must upload/);
});

capture("a step that waits is refused, and so is what is no function", () => {
  const step = engine.capture(async () => {});
  refused(step, "value", /must be synchronous/);
  refused(() => engine.capture(3 as never), "value", /capture: the first argument must be a function/);
  refused(() => engine.capture(() => {}, { fused: true } as never), "value", /fused/);
});

capture("arguments of another shape, dtype or number, or with a gradient, are refused at the call", () => {
  using scope = engine.openScope();
  void scope;
  const step = engine.capture((x: Tensor) => x.mul(2));
  for (let turn = 0; turn < 2; turn++) step(engine.ones([2, 2]));
  refused(() => step(engine.ones([4])), "shape", /argument 0 must be f32 \[2, 2\] .* got f32 \[4\]/);
  refused(() => step(engine.ones([2, 2], { dtype: "i32" })), "shape", /got i32 \[2, 2\]/);
  refused(() => step(engine.ones([2, 2], { requiresGrad: true })), "value", /must not require a gradient/);
  refused(() => step(3 as never), "value", /argument 0 must be a tensor, got 3/);
  refused(() => (step as unknown as () => unknown)(), "value", /must get 1 arguments .* got 0/);
  step.dispose();
  step.dispose();
  refused(() => step(engine.ones([2, 2])), "disposed", /the step must be alive/);
});

capture("gradients are left as a plain step leaves them, also where they add up over replays", async () => {
  const { w, loss } = oneWeight();
  const step = engine.capture((x: Tensor) => void loss(x).backward());
  const plain = oneWeight();
  for (const value of [1, 2, -1, 0.5]) {
    const x = engine.tensor([value]);
    step(x);
    engine.scope(() => plain.loss(x).backward());
    assert.is(await w.grad!.item(), await plain.w.grad!.item());
  }
});

capture("a gradient that is dropped between replays is there again after the next; an unexpected one is refused", async () => {
  const { w, optimiser, loss } = oneWeight();
  const step = engine.capture((x: Tensor) => void loss(x).backward());
  for (const value of [1, 2, 3]) {
    optimiser.zeroGrad();
    step(engine.tensor([value]));
    assert.is(await w.grad!.item(), 2 * value * (0.5 * value - 1));
  }
  refused(() => step(engine.tensor([1])), "engine", /the gradient of w must be null, as it was/);
  optimiser.zeroGrad();
  step(engine.tensor([2]));
  assert.is(await w.grad!.item(), 0);
});

capture("plain and replayed steps may alternate, with one sequence of random numbers", async () => {
  const draws: number[][] = [];
  for (const replays of [false, true]) {
    engine.seed(9);
    const draw = (): Tensor => engine.uniform([4]).add(engine.normal([4]));
    const captured = engine.capture(draw);
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) {
      if (i === 5) engine.seed(10);
      const drawn = engine.scope(() => (replays && i % 3 > 0 ? captured() : draw()));
      seen.push(...(await drawn.read()));
      drawn.dispose();
    }
    draws.push(seen);
    captured.dispose();
  }
  assert.equal(draws[1], draws[0]);
});

capture("many replays without a wait keep their order, and what is written between them is seen", async () => {
  const total = engine.zeros([1]);
  const x = engine.zeros([1]);
  const step = engine.capture((noise: Tensor) => {
    total.write(total.mul(0.5).add(x).add(noise).add(engine.uniform([1])));
  });
  const expected = engine.zeros([1]);
  engine.seed(3);
  for (let i = 0; i < 40; i++) {
    x.write(Float32Array.of(i));
    engine.scope(() => step(engine.full([1], 100 * i)));
  }
  engine.seed(3);
  for (let i = 0; i < 40; i++) {
    engine.scope(() => expected.write(expected.mul(0.5).add(i).add(100 * i).add(engine.uniform([1]))));
  }
  assert.is(await total.item(), await expected.item());
});

capture("results come in the form that the step returns, as new handles on what the latest replay has left", async () => {
  using scope = engine.openScope();
  void scope;
  const outside = engine.full([2], 7);
  const step = engine.capture((x: Tensor) => ({ sum: x.sum(), parts: [x, x.add(1)], outside, name: "step" }));
  step(engine.ones([2]));
  const first = step(engine.full([2], 2));
  const second = step(engine.full([2], 3));
  assert.is(second.name, "step");
  assert.equal([await first.sum.item(), await second.sum.item()], [6, 6]);
  assert.equal([...(await second.parts[1]!.read())], [4, 4]);
  assert.equal([...(await second.parts[0]!.read())], [3, 3]);
  first.sum.dispose();
  assert.is(await second.sum.item(), 6);
  const { buffer } = second.sum.gpu;
  assert.ok(buffer.size >= 4);
  step.dispose();
  assert.is(await second.sum.item(), 6);
  assert.equal([...(await second.outside.read())], [7, 7]);
});

for (const captured of [false, true]) {
  capture(`300 ${captured ? "captured" : "plain"} steps end with the buffers and bytes of step 10`, async () => {
    const on = await testEngine({ debug: false });
    const { step: plain } = digitsLike(on);
    const step = captured ? on.capture(plain) : plain;
    const inputs = on.normal([batch, features]);
    const labels = on.arange(batch).mul(0);
    let early = on.memory();
    for (let i = 1; i <= 300; i++) {
      on.scope(() => void step(inputs, labels));
      if (i % 10 === 0) await on.idle();
      if (i === 10) early = on.memory();
    }
    assert.equal(on.memory(), early);
    on.dispose();
  });
}

capture("a disposed step gives back all that it held, and a replay allocates nothing", async () => {
  const x = engine.ones([batch, features]);
  engine.scope(() => void imleStep(engine).step(x, x)); // what is made once an engine
  const before = engine.memory();
  const { step: plain, state, optimiser } = imleStep(engine);
  const step = engine.capture(plain);
  for (let i = 0; i < 3; i++) engine.scope(() => void step(x, x));
  const held = engine.memory();
  for (let i = 0; i < 20; i++) engine.scope(() => void step(x, x));
  assert.equal(engine.memory(), held);
  step.dispose();
  optimiser.dispose();
  for (const tensor of state) tensor.dispose();
  assert.is(engine.memory().liveBuffers, before.liveBuffers);
  assert.is(engine.memory().liveBytes, before.liveBytes);
});

const fusion = suite("captured steps: chains of elementwise operations");

/** The dispatches of a captured function, and its elements beside those of the plain call. */
async function compared(
  step: () => Tensor,
  options?: { fuse: boolean },
): Promise<[dispatches: number, replayed: Float32Array, plain: Float32Array]> {
  const scope = engine.openScope();
  const captured = engine.capture(step, options);
  captured();
  const replayed = await captured().read();
  const count = captured.dispatches;
  const plain = await step().read();
  captured.dispose();
  scope.close();
  return [count, replayed, plain];
}

const x = engine.tensor(randomNumbers(randomSource(4), 60, -3, 3), [3, 4, 5]).keep();
const row = engine.tensor(randomNumbers(randomSource(5), 5), [5]).keep();
const column = engine.tensor(randomNumbers(randomSource(6), 4), [4, 1]).keep();
const chain = (a: Tensor): Tensor => exp(tanh(log(abs(a).add(1))).mul(2));

fusion("what nobody else reads becomes one dispatch, with the bits of the operations apart", async () => {
  const cases: [name: string, dispatches: number, step: () => Tensor][] = [
    ["a chain", 1, () => chain(x)],
    ["operands broadcast", 1, () => relu(x.mul(column).add(row)).sub(x)],
    ["one value twice", 1, () => square(x.add(row)).mul(x.add(row))],
    ["two chains that meet", 1, () => exp(x.neg()).mul(log(x.mul(x).add(1)))],
    ["reshaped in between", 1, () => abs(x).reshape([12, 5]).mul(2).reshape([60]).add(1)],
    ["broadcast after the chain", 2, () => exp(row.mul(2)).add(x)],
    ["reshaped after a broadcast", 2, () => x.add(row).reshape([60]).mul(2)],
    ["a sum in between, broadcast after it", 4, () => exp(abs(x).sum(-1, true)).mul(x)],
    ["a mask", 1, () => leakyRelu(x, 0.1).sub(clamp(x, -1, 1)).mul(3)],
  ];
  for (const [name, dispatches, step] of cases) {
    const [count, replayed, plain] = await compared(step);
    assert.equal([...replayed], [...plain], name);
    assert.is(count, dispatches, name);
    const [apart] = await compared(step, { fuse: false });
    assert.ok(apart > 1 && apart >= count, name);
  }
});

fusion("what the step returns, what changes in between, and other types stay apart", async () => {
  const inner = (): Tensor[] => (([y]) => [y!, exp(y!)])([x.add(1)]);
  const captured = engine.capture(inner);
  engine.scope(() => captured());
  const [y, z] = captured();
  assert.is(captured.dispatches, 2);
  assert.equal([...(await z!.read())], [...(await exp(y!).read())]);

  const state = engine.full([4], 1);
  const step = engine.capture(() => {
    const before = state.mul(2);
    state.write(state.add(1));
    return before.add(0.5);
  });
  step();
  assert.equal([...(await step().read())], [4.5, 4.5, 4.5, 4.5]);
  assert.equal([...(await step().read())], [6.5, 6.5, 6.5, 6.5]);

  const whole = engine.arange(4);
  const [count, replayed, plain] = await compared(() => whole.add(1).mul(whole));
  assert.is(count, 2);
  assert.equal([...replayed], [...plain]);
});

fusion("random chains give the bits of plain ones", async () => {
  const unary = [abs, tanh, relu, sigmoid, (a: Tensor) => a.neg(), (a: Tensor) => a.mul(0.5)];
  const binary = [add, sub, mul];
  const random = randomSource(8);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  for (let turn = 0; turn < 12; turn++) {
    const links = Array.from({ length: 8 }, (): ((y: Tensor) => Tensor) => {
      const [one, two, other, kind] = [pick(unary), pick(binary), pick([x, row, column]), random()];
      if (kind < 0.5) return one;
      return kind < 0.9 ? (y) => two(y, other) : (y) => two(y, y);
    });
    const [, replayed, plain] = await compared(() => links.reduce((y, link) => link(y), x.mul(1)));
    assert.equal([...replayed], [...plain], `turn ${turn}`);
  }
});

capture.run();
fusion.run();
