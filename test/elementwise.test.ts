import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as library from "webgpu-imle";
import { type DType, type Tensor, where } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, inTurn, type Tolerance } from "./support/gradients.js";
import { mapTwin, randomTwin, sizeOf, type Twin } from "./support/twins.js";

const engine = await testEngine();

/** The twin of one unary operation; the gradient is left out where there is none. */
interface Unary {
  readonly f: (x: number) => number;
  readonly low?: number;
  readonly high?: number;
  readonly tolerance?: Tolerance;
  readonly hasGradient?: false;
  readonly run?: (x: Tensor) => Tensor;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const halfToEven = (x: number): number => {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (Math.abs(low) % 2) : Math.round(x);
};

const unaries: Readonly<Record<string, Unary>> = {
  neg: { f: (x) => -x },
  abs: { f: Math.abs },
  sign: { f: Math.sign, hasGradient: false },
  exp: { f: Math.exp },
  expm1: { f: Math.expm1 },
  log: { f: Math.log, low: 0.2, high: 9 },
  log1p: { f: Math.log1p, low: -0.9 },
  sqrt: { f: Math.sqrt, low: 0.1 },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), low: 0.1 },
  square: { f: (x) => x * x },
  reciprocal: { f: (x) => 1 / x, low: 0.3 },
  // WGSL promises 2⁻¹¹ for these two.
  sin: { f: Math.sin, tolerance: { absolute: 5e-4 } },
  cos: { f: Math.cos, tolerance: { absolute: 5e-4 } },
  tanh: { f: Math.tanh, low: -4, high: 4 },
  sigmoid: { f: sigmoid, low: -8, high: 8 },
  softplus: { f: (x) => Math.log1p(Math.exp(x)), low: -8, high: 8 },
  relu: { f: (x) => Math.max(x, 0) },
  leakyRelu: { f: (x) => (x > 0 ? x : 0.01 * x) },
  "leakyRelu of another slope": { f: (x) => (x > 0 ? x : 0.3 * x), run: (x) => library.leakyRelu(x, 0.3) },
  silu: { f: (x) => x * sigmoid(x), low: -6, high: 6 },
  gelu: { f: gelu, low: -4, high: 4 },
  floor: { f: Math.floor, hasGradient: false },
  ceil: { f: Math.ceil, hasGradient: false },
  round: { f: halfToEven, hasGradient: false },
  clamp: { f: (x) => Math.min(Math.max(x, -0.5), 0.75), run: (x) => library.clamp(x, -0.5, 0.75) },
  "pow 2": { f: (x) => x * x, run: (x) => x.pow(2) },
  "pow 3 of negative numbers": { f: (x) => x ** 3, run: (x) => x.pow(3) },
  "pow 1.5": { f: (x) => x ** 1.5, low: 0.1, run: (x) => x.pow(1.5) },
  "pow of a number": { f: (x) => 1.5 ** x, run: (x) => library.pow(1.5, x) },
};

const functionOf = (name: string): ((...operands: (Tensor | number)[]) => Tensor) =>
  (library as unknown as Record<string, (...operands: (Tensor | number)[]) => Tensor>)[name]!;

const unary = suite("elementwise operations of one argument");

for (const [name, row] of Object.entries(unaries)) {
  const { f, low = -2, high = 2, tolerance, hasGradient, run = functionOf(name) } = row;
  const twin = (x: Twin): Twin => mapTwin(f, x);

  unary(`${name} is its twin's at every size`, async () => {
    const shapes = [[], [0], [1], [3], [4], [127], [256], [3, 0, 2], [2, 3, 5]];
    await inTurn(shapes, (shape) => {
      const inputs = [randomTwin(shape, { low, high })];
      return expectValue(engine, { name: `${name} ${shape}`, inputs, run, twin, tolerance: tolerance ?? {} });
    });
  });

  if (hasGradient === false) {
    unary(`${name} passes no gradient`, () => {
      using x = engine.tensor([0.3, 1.7], { requiresGrad: true });
      using y = run(x);
      assert.not(y.requiresGrad);
    });
    continue;
  }
  unary(`${name} has the gradient of its twin`, async () => {
    await inTurn([[], [7], [2, 4]], (shape) => {
      const gradientTolerance = tolerance ?? { relative: 1e-4, absolute: 1e-4 };
      const inputs = [randomTwin(shape, { low, high })];
      return expectGradients(engine, { name, inputs, run, twin, gradientTolerance });
    });
  });
}

unary("large arguments do not overflow on the way", async () => {
  using x = engine.tensor([-1e30, -200, -90, 90, 200, 1e30]);
  expectClose("sigmoid", await library.sigmoid(x).read(), [0, 0, 0, 1, 1, 1]);
  expectClose("tanh", await library.tanh(x).read(), [-1, -1, -1, 1, 1, 1]);
  expectClose("softplus", await library.softplus(x).read(), [0, 0, 0, 90, 200, 1e30]);
  expectClose("silu", await library.silu(x).read(), [0, 0, 0, 90, 200, 1e30]);
});

unary("expm1, log1p and tanh keep their relative accuracy near 0", async () => {
  const values = Float32Array.of(1e-7, -3e-5, 1e-3, -0.02, 0.3, -0.39, 0.41, -0.49, 0.51);
  using x = engine.tensor(values);
  for (const name of ["expm1", "log1p", "tanh"] as const) {
    const expected = [...values].map((value) => Math[name](value));
    expectClose(name, await library[name](x).read(), expected, { relative: 3e-6, absolute: 0 });
  }
});

unary("tanh keeps its relative accuracy up to where f32 has reached 1", async () => {
  const values = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 200);
  using x = engine.tensor(values);
  expectClose("tanh", await library.tanh(x).read(), [...values].map(Math.tanh), { relative: 6e-7, absolute: 0 });
});

unary("the slope of relu and abs at 0 is 0", async () => {
  for (const f of [library.relu, library.abs]) {
    using x = engine.tensor([0, -0], { requiresGrad: true });
    f(x).sum().backward();
    assert.equal([...(await x.grad!.read())], [0, 0]);
  }
});

unary("logical operations take every dtype, broadcast, and take what is not 0 for true", async () => {
  const truth = {
    logicalAnd: (a: boolean, b: boolean) => a && b,
    logicalOr: (a: boolean, b: boolean) => a || b,
    logicalXor: (a: boolean, b: boolean) => a !== b,
  } as const;
  const values = [0, 1, 0, 3, 7, 0, 0, 2];
  for (const dtype of ["f32", "i32", "u32"] as const) {
    using a = engine.tensor(values, [8, 1], { dtype });
    using b = engine.tensor(values.map((value) => 2 * value), { dtype });
    for (const [name, holds] of Object.entries(truth)) {
      const y = functionOf(name)(a, b);
      assert.equal([y.dtype, ...y.shape], ["f32", 8, 8]);
      const expected = values.flatMap((left) => values.map((right) => Number(holds(left !== 0, right !== 0))));
      assert.equal([...(await y.read())], expected, name);
      const withTrue = values.map((value) => Number(holds(value !== 0, true)));
      assert.equal([...(await functionOf(name)(b, 1).read())], withTrue);
    }
    assert.equal([...(await library.logicalNot(b).read())], values.map((value) => Number(value === 0)));
  }
  using zeros = engine.tensor([0, -0, 1e-30, -5], { requiresGrad: true });
  const not = library.logicalNot(zeros);
  assert.equal([...(await not.read())], [1, 1, 0, 0]);
  assert.not(not.requiresGrad);
  assert.not(library.logicalOr(zeros, 0).requiresGrad);
});

unary("whole numbers stay exact", async () => {
  using i = engine.tensor(Int32Array.of(-2147483647, -3, 0, 16777217));
  assert.equal([...(await library.neg(i).read())], [2147483647, 3, 0, -16777217]);
  assert.equal([...(await library.abs(i).read())], [2147483647, 3, 0, 16777217]);
  assert.equal([...(await library.relu(i).read())], [0, 0, 0, 16777217]);
  assert.equal([...(await library.clamp(i, -2, 5).read())], [-2, -2, 0, 5]);
  using u = engine.tensor(Uint32Array.of(3, 4294967295));
  assert.equal([...(await library.square(u).read())], [9, 1]);
});

unary.run();

type BinaryName =
  | "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum"
  | "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual";

interface Binary {
  readonly f: (a: number, b: number) => number;
  /** The left operand is taken from here up: bases of powers must be positive. */
  readonly low?: number;
  readonly hasGradient?: false;
}

const mask = (holds: boolean): number => (holds ? 1 : 0);
const binaries: Readonly<Record<BinaryName, Binary>> = {
  add: { f: (a, b) => a + b },
  sub: { f: (a, b) => a - b },
  mul: { f: (a, b) => a * b },
  div: { f: (a, b) => a / b },
  pow: { f: (a, b) => a ** b, low: 0.3 },
  maximum: { f: Math.max },
  minimum: { f: Math.min },
  equal: { f: (a, b) => mask(a === b), hasGradient: false },
  notEqual: { f: (a, b) => mask(a !== b), hasGradient: false },
  less: { f: (a, b) => mask(a < b), hasGradient: false },
  lessEqual: { f: (a, b) => mask(a <= b), hasGradient: false },
  greater: { f: (a, b) => mask(a > b), hasGradient: false },
  greaterEqual: { f: (a, b) => mask(a >= b), hasGradient: false },
};

/** Pairs of shapes, so that each way to find an operand's element is used, by vectors of four and by scalars. */
const shapePairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[7], [7]],
  [[64], [64]],
  [[5], []],
  [[], [8]],
  [[3, 5], [5]],
  [[3, 8], [8]],
  [[8], [3, 8]],
  [[4, 3], [4, 1]],
  [[4, 1], [4, 8]],
  [[2, 3, 4], [3, 1]],
  [[3, 1], [1, 5]],
  [[2, 1, 4], [1, 3, 4]],
  [[2, 1, 3], [1, 3, 1]],
  [[2, 3, 4], [2, 1, 4]],
  [[2, 1, 3, 4], [2, 2, 1, 4]],
  [[0, 3], [3]],
  [[1], [0]],
  [[2, 1, 3, 1, 2, 1], [1, 3, 1, 2, 1, 4]],
  [[2, 1, 2, 1, 3, 1], [1, 2, 1, 2, 1, 3]],
];

const binary = suite("elementwise operations of two arguments");

for (const [name, { f, low = -2, hasGradient }] of Object.entries(binaries)) {
  const run = functionOf(name);
  const twin = (a: Twin, b: Twin): Twin => mapTwin(f, a, b);
  // Away from 0, for division; the seeds differ, so that hardly ever two are equal.
  const operands = (shapes: readonly [readonly number[], readonly number[]]): Twin[] => [
    randomTwin(shapes[0], { low, high: 3, seed: 5 }),
    mapTwin((b) => (b < 0 ? b - 0.4 : b + 0.4), randomTwin(shapes[1], { low: -1.5, high: 1.5, seed: 9 })),
  ];

  binary(`${name} broadcasts as its twin`, async () => {
    await inTurn(shapePairs, (shapes) => {
      const place = `${name} ${JSON.stringify(shapes)}`;
      return expectValue(engine, { name: place, inputs: operands(shapes), run, twin, tolerance: { relative: 5e-6 } });
    });
  });

  binary(`${name} takes numbers on either side`, async () => {
    const [x] = operands([[9], []]);
    const number = 0.75;
    const right = { run: (t: Tensor) => run(t, number), twin: (t: Twin) => mapTwin((a) => f(a, number), t) };
    const left = { run: (t: Tensor) => run(number, t), twin: (t: Twin) => mapTwin((b) => f(number, b), t) };
    for (const side of [left, right]) {
      await expectValue(engine, { name, inputs: [x!], ...side, tolerance: { relative: 5e-6 } });
      if (hasGradient !== false) await expectGradients(engine, { name, inputs: [x!], ...side });
    }
  });

  if (hasGradient === false) continue;
  binary(`${name} sums the gradient of what was broadcast`, async () => {
    const pairs = shapePairs.filter(([a, b]) => sizeOf(a) * sizeOf(b) < 200);
    await inTurn(pairs, (shapes) =>
      expectGradients(engine, { name: `${name} ${JSON.stringify(shapes)}`, inputs: operands(shapes), run, twin }),
    );
  });
}

binary("where two are equal, maximum and minimum give the gradient to the first", async () => {
  for (const f of [library.maximum, library.minimum]) {
    using a = engine.tensor([1, 2], { requiresGrad: true });
    using b = engine.tensor([1, 2], { requiresGrad: true });
    f(a, b).sum().backward();
    assert.equal([...(await a.grad!.read())], [1, 1]);
    assert.equal([...(await b.grad!.read())], [0, 0]);
  }
});

binary("a tensor may meet itself", async () => {
  using x = engine.tensor([3, -2], { requiresGrad: true });
  const y = x.mul(x);
  assert.equal([...(await y.read())], [9, 4]);
  y.sum().backward();
  assert.equal([...(await x.grad!.read())], [6, -4]);
});

binary("powers of zero and of negative numbers are those of mathematics", async () => {
  using a = engine.tensor([0, 0, -2, -2, -2, 5]);
  using b = engine.tensor([0, 2, 3, 2, -1, 0]);
  expectClose("pow", await a.pow(b).read(), [1, 0, -8, 4, -0.5, 1], { relative: 1e-5 });
});

binary("i32 and u32 are computed exactly", async () => {
  using i = engine.tensor(Int32Array.of(7, -7, 2147483647));
  assert.equal([...(await i.div(2).read())], [3, -3, 1073741823]);
  assert.equal([...(await i.add(1).read())], [8, -6, -2147483648]);
  assert.equal([...(await library.sub(1, i).read())], [-6, 8, -2147483646]);
  assert.equal([...(await library.less(i, engine.tensor(Int32Array.of(8, 8, 8))).read())], [1, 1, 0]);
  using u = engine.tensor(Uint32Array.of(4000000000, 5));
  assert.equal([...(await library.maximum(u, 3000000000).read())], [4000000000, 3000000000]);
});

binary("comparisons give f32 masks", () => {
  using x = engine.tensor(Int32Array.of(1, 2));
  using y = library.greater(x, 1);
  assert.is(y.dtype, "f32");
});

/** Each way again, with many elements: a processor takes blocks of them, the last of which is not full here. */
const longPairs: typeof shapePairs = [
  [[65_537], [65_537]],
  [[], [65_539]],
  [[11_001, 3], [3]],
  [[331, 100], [100]],
  [[100, 331], [100, 1]],
  [[90, 400], [90, 1]],
  [[2, 331, 100], [2, 1, 100]],
];

binary("many elements are all computed, in blocks or without", async () => {
  const twin = (a: Twin, b: Twin): Twin => mapTwin((x, y) => x - y, a, b);
  for (const one of [engine, await testEngine({ as: "gpu" })]) {
    await inTurn(longPairs, (shapes) => {
      const inputs = shapes.map((shape, i) => randomTwin(shape, { seed: i + 1 }));
      return expectValue(one, { name: `sub ${JSON.stringify(shapes)}`, inputs, run: library.sub, twin, tolerance: {} });
    });
  }
});

binary("many elements of a host's buffer are all computed, also where it ends within a block", async () => {
  const { values } = randomTwin([65_540]);
  const buffer = engine.device.createBuffer({ size: 4 * values.length, usage: 0x80 | 0x8 });
  engine.device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
  using x = engine.wrap(buffer, [values.length]);
  using y = x.mul(2);
  assert.equal(
    await y.read(),
    Float32Array.from(values, (value) => 2 * value),
  );
  await engine.idle();
  buffer.destroy();
});

binary("more than 65,535 workgroups are all computed", async () => {
  const rows = 1_400_001;
  using x = engine.arange(3 * rows, { dtype: "f32" });
  using y = x.reshape([rows, 3]).add(engine.tensor([0, 0.25, 0.5]));
  const values = await y.read();
  const wrong = values.findIndex((value, i) => value !== Math.fround(i + 0.25 * (i % 3)));
  assert.is(wrong, -1);
});

binary.run();

const choosing = suite("where");

choosing("chooses by the mask, broadcasting all three", async () => {
  const condition = mapTwin((x) => mask(x > 0), randomTwin([3, 1]));
  const a = randomTwin([1, 4], { seed: 2 });
  const b = randomTwin([2, 1, 1], { seed: 3 });
  const twin = (m: Twin, p: Twin, q: Twin): Twin => mapTwin((holds, x, y) => (holds !== 0 ? x : y), m, p, q);
  await expectValue(engine, { name: "where", inputs: [condition, a, b], run: (m, p, q) => where(m!, p!, q!), twin });
  const held = engine.tensor(condition.values, condition.shape);
  await expectGradients(engine, {
    name: "where",
    inputs: [a, b],
    run: (p, q) => where(held, p!, q!),
    twin: (p, q) => twin(condition, p!, q!),
  });
  held.dispose();
});

choosing("takes masks of any dtype, and numbers", async () => {
  for (const dtype of ["f32", "i32", "u32"] as const) {
    using held = engine.tensor([0, 1, 2], { dtype });
    assert.equal([...(await where(held, 5, -1.5).read())], [-1.5, 5, 5]);
    assert.equal([...(await where(held, engine.tensor(Int32Array.of(7, 8, 9)), -1).read())], [-1, 8, 9]);
  }
});

choosing.run();

const bad = suite("elementwise operations refuse");
const make = (dtype: DType): Tensor => engine.tensor([1, 2, 3], { dtype });
const cases: readonly [name: string, run: () => unknown, code: string, message: RegExp][] = [
  ["shapes that do not fit", () => make("f32").add(engine.ones([2])), "shape", /^add: .*\[3\] and \[2\]/],
  ["mixed dtypes", () => make("f32").mul(make("i32")), "dtype", /^mul: .*one dtype, got f32 and i32/],
  ["two numbers", () => library.add(1, 2), "value", /^add: at least one argument must be a tensor/],
  ["something else on the right", () => make("f32").add("2" as never), "value", /^add: an operand must be a tensor or a number, got "2"/],
  ["NaN", () => make("f32").sub(NaN), "value", /^sub: .*got NaN/],
  ["a fraction beside i32", () => make("i32").add(0.5), "value", /^add: .*whole number.*got 0.5/],
  ["a negative number beside u32", () => make("u32").add(-1), "value", /^add: .*from 0 to 4294967295, got -1/],
  ["exp of whole numbers", () => make("i32").exp(), "dtype", /^exp: x must be f32, got i32/],
  ["neg of u32", () => make("u32").neg(), "dtype", /^neg: x must be f32 or i32, got u32/],
  ["pow of whole numbers", () => make("i32").pow(2), "dtype", /^pow: an argument must be f32, got i32/],
  ["no tensor", () => library.relu([1, 2] as never), "value", /^relu: x must be a tensor, got \[1, 2\]/],
  ["clamp with its ends swapped", () => library.clamp(make("f32"), 2, 1), "value", /^clamp: low must not be/],
  ["a slope that is none", () => library.leakyRelu(make("f32"), "a" as never), "value", /^leakyRelu: slope must be/],
  ["where without a mask", () => where(true as never, 1, 2), "value", /^where: mask must be a tensor, got true/],
  ["where of mixed dtypes", () => where(make("f32"), make("f32"), make("i32")), "dtype", /^where: .*f32 and i32/],
  ["where of shapes that do not fit", () => where(make("f32"), engine.ones([2]), 1), "shape", /^where: /],
  [
    "a disposed tensor",
    () => {
      const x = make("f32");
      x.dispose();
      return x.exp();
    },
    "disposed",
    /^exp: a tensor must be alive/,
  ],
  [
    "a disposed tensor on the right",
    () => {
      const x = make("f32");
      x.dispose();
      return make("f32").add(x);
    },
    "disposed",
    /^add: a tensor must be alive/,
  ],
];

for (const [name, run, code, message] of cases) {
  bad(name, () => {
    engine.scope(() => {
      const before = engine.stats().dispatches;
      const live = engine.memory().liveBuffers;
      let made = 0;
      refused(() => run(), code, message);
      made = engine.memory().liveBuffers - live;
      // Only what the case itself made for its arguments: one filled tensor at most is dispatched.
      assert.ok(engine.stats().dispatches - before <= 1);
      assert.ok(made <= 3);
    });
  });
}

bad("a tensor of another engine", async () => {
  const other = await testEngine();
  using x = engine.tensor([1]);
  using y = other.tensor([1]);
  refused(() => x.add(y), "engine", /^add: all tensors must be of one engine/);
  other.dispose();
});

bad.run();
