import { suite } from "uvu";
import * as assert from "uvu/assert";
import { customGradient, ImleError, noGrad, square, type Tensor } from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";

const engine = await testEngine();
const tape = suite("the tape");

const parameter = (...values: number[]): Tensor => engine.tensor(values, { requiresGrad: true });
const gradient = async (x: Tensor): Promise<number[]> => [...(await x.grad!.read())];

/** A test in a scope of its own, after which nothing may be left. */
function check(name: string, f: () => Promise<void> | void): void {
  tape(name, async () => {
    const before = engine.memory().liveBuffers;
    await scoped(engine, async () => f());
    assert.is(engine.memory().liveBuffers, before, "buffers left behind");
  });
}

check("a leaf is its own loss", async () => {
  const x = parameter(5);
  x.backward();
  assert.equal(await gradient(x), [1]);
});

check("a value used twice gets both gradients", async () => {
  const x = parameter(3);
  const y = x.mul(x).add(x);
  y.backward();
  assert.equal(await gradient(x), [7]);
});

check("a diamond is walked once on each side", async () => {
  const x = parameter(2);
  const top = x.mul(3);
  const loss = square(top).add(top.mul(5));
  loss.backward();
  assert.equal(await gradient(x), [(2 * 6 + 5) * 3]);
});

check("a deep chain of shared values costs one step each, not two to the depth", async () => {
  const x = parameter(1);
  let y: Tensor = x;
  for (let depth = 0; depth < 40; depth++) y = y.add(y).mul(0.5);
  const before = engine.stats().dispatches;
  y.backward();
  assert.ok(engine.stats().dispatches - before < 150);
  assert.equal(await gradient(x), [1]);
});

check("gradients of several losses add up, until they are set to null", async () => {
  const x = parameter(1, 2);
  x.mul(2).sum().backward();
  x.mul(3).sum().backward();
  assert.equal(await gradient(x), [5, 5]);
  x.grad = null;
  assert.is(x.grad, null);
  x.sum().backward();
  assert.equal(await gradient(x), [1, 1]);
});

check("a gradient can be given for anything but a scalar, and must be", async () => {
  const x = parameter(1, 2, 3);
  const y = x.mul(2);
  refused(() => y.backward(), "shape", /^backward: without a gradient .* shape \[3\]/);
  refused(() => y.backward(engine.ones([2])), "shape", /must be f32 of shape \[3\], got f32 \[2\]/);
  refused(() => y.backward(engine.arange(3)), "shape", /got i32 \[3\]/);
  y.backward(engine.tensor([1, 10, 100]));
  assert.equal(await gradient(x), [2, 20, 200]);
});

check("a second walk over the same tape is an error", async () => {
  const x = parameter(3);
  const shared = x.mul(2);
  const loss = square(shared);
  loss.backward();
  refused(() => loss.backward(), "disposed", /^backward: a tape can be walked once, got a second walk through square/);
  refused(() => shared.add(1).backward(), "disposed", /second walk through mul/);
  assert.equal(await gradient(x), [24]);
});

check("what needs no gradient has none, and cannot be walked", () => {
  const x = engine.tensor([1]);
  const y = x.mul(2);
  assert.not(y.requiresGrad);
  refused(() => y.backward(), "value", /^backward: the tensor must depend on one that requires a gradient/);
});

check("noGrad records nothing, and ends with its function, also by an error", async () => {
  const x = parameter(1);
  const y = noGrad(() => x.mul(2));
  assert.not(y.requiresGrad);
  assert.throws(() =>
    noGrad(() => {
      throw new Error("on the way");
    }),
  );
  assert.ok(x.mul(2).requiresGrad);
  assert.throws(() => noGrad(async () => {}), (error: unknown) => error instanceof ImleError && error.code === "value");
  x.mul(y).backward();
  assert.equal(await gradient(x), [2]);
});

check("only the inputs that require a gradient get one", async () => {
  const x = parameter(3);
  const c = engine.tensor([4]);
  x.mul(c).backward();
  assert.equal(await gradient(x), [4]);
  assert.is(c.grad, null);
});

check("what backward needs outlives its scope and its handle", async () => {
  const x = parameter(2);
  const loss = engine.scope(() => {
    const inner = x.exp();
    const result = square(inner);
    inner.dispose();
    return result;
  });
  loss.backward();
  const [got] = await gradient(x);
  assert.ok(Math.abs(got! - 2 * Math.exp(4)) < 1e-3);
});

check("a disposed parameter keeps no gradient, and the others get theirs", async () => {
  const x = parameter(2);
  const y = parameter(5);
  const loss = x.mul(y);
  x.dispose();
  loss.backward();
  assert.equal(await gradient(y), [2]);
  assert.is(x.grad, null);
});

check("a gradient outlives the scope in which backward was called", async () => {
  const x = parameter(2, 3);
  engine.scope(() => square(x).sum().backward());
  assert.equal(await gradient(x), [4, 6]);
});

check("a loss that was not walked frees its tape when it is disposed", () => {
  const x = parameter(1, 2, 3);
  const before = engine.memory().liveBuffers;
  const loss = engine.scope(() => x.exp().mul(x).neg().sum());
  loss.dispose();
  assert.is(engine.memory().liveBuffers, before);
});

check("backward frees what the tape held", () => {
  const x = parameter(1, 2, 3);
  const before = engine.memory().liveBuffers;
  const loss = engine.scope(() => x.exp().mul(x).sum());
  assert.ok(engine.memory().liveBuffers > before + 1);
  loss.backward();
  assert.is(engine.memory().liveBuffers, before + 2, "the loss and the gradient");
});

check("no two gradients share their memory, nor one that of the gradient given", async () => {
  const a = parameter(1, 2);
  const b = parameter(3, 4);
  const given = engine.tensor([1, 1]);
  a.add(b).backward(given);
  a.grad!.write(Float32Array.of(7, 7));
  assert.equal(await gradient(b), [1, 1]);
  assert.equal([...(await given.read())], [1, 1]);
  b.grad!.write(Float32Array.of(8, 8));
  assert.equal(await gradient(a), [7, 7]);
  assert.equal([...(await given.read())], [1, 1]);
});

check("a grad that is assigned must fit, and is owned", async () => {
  const x = parameter(1, 2);
  refused(() => (x.grad = engine.ones([3])), "shape", /^grad: a gradient must be f32 of shape \[2\], got f32 \[3\]/);
  refused(() => (x.grad = engine.arange(2)), "shape", /got i32 \[2\]/);
  engine.scope(() => {
    x.grad = engine.tensor([7, 8]);
  });
  assert.equal(await gradient(x), [7, 8]);
  const given = x.grad!;
  x.dispose();
  assert.ok(given.isDisposed);
});

const custom = (name: string, f: () => Promise<void> | void): void => check(`customGradient: ${name}`, f);

custom("straight-through", async () => {
  const x = parameter(0.4, 1.6);
  const y = customGradient({ inputs: [x], forward: (t) => t.mul(10), backward: (dy) => [dy] });
  assert.equal([...(await y.read())], [4, 16]);
  y.mul(3).sum().backward();
  assert.equal(await gradient(x), [3, 3]);
});

custom("several inputs and outputs; what nobody used arrives as zeros", async () => {
  const a = parameter(2);
  const b = parameter(3);
  let arrived: Tensor[] = [];
  const [sum, product] = customGradient({
    inputs: [a, b],
    forward: (p, q) => [p.add(q), p.mul(q)] as const,
    backward: (dSum, dProduct) => {
      arrived = [dSum.add(0).keep(), dProduct.add(0).keep()];
      return [dSum.add(dProduct.mul(b)), dSum.add(dProduct.mul(a))];
    },
  });
  assert.is(await sum.item(), 5);
  product.backward();
  assert.equal(await gradient(a), [3]);
  assert.equal(await gradient(b), [2]);
  assert.equal([await arrived[0]!.item(), await arrived[1]!.item()], [0, 1]);
  for (const tensor of arrived) tensor.dispose();
});

custom("null means no gradient", async () => {
  const a = parameter(2);
  const b = parameter(3);
  customGradient({ inputs: [a, b], forward: (p, q) => p.mul(q), backward: (dy) => [dy, null] }).backward();
  assert.equal(await gradient(a), [1]);
  assert.is(b.grad, null);
});

custom("an input may be returned as it is", async () => {
  const x = parameter(2);
  const y = customGradient({ inputs: [x], forward: (t) => t, backward: (dy) => dy.mul(4) });
  square(y).backward();
  assert.equal(await gradient(x), [16]);
});

custom("backward may use its inputs and outputs after their scope has ended", async () => {
  const x = parameter(3);
  const y = engine.scope(() => {
    const inner = x.mul(2);
    const result: Tensor = customGradient({
      inputs: [inner],
      forward: (t) => t.exp(),
      backward: (dy) => [dy.mul(result).add(inner)],
    });
    return result.mul(1);
  });
  y.backward();
  const [got] = await gradient(x);
  assert.ok(Math.abs(got! / (2 * (Math.exp(6) + 6)) - 1) < 1e-5);
});

custom("nothing is recorded where no input requires a gradient", () => {
  const x = engine.tensor([1]);
  const y = customGradient({ inputs: [x], forward: (t) => t.mul(2), backward: (dy) => [dy] });
  assert.not(y.requiresGrad);
});

const mistakes: readonly [name: string, backward: (dy: Tensor) => unknown, code: string, message: RegExp][] = [
  ["of the wrong shape", () => [engine.ones([5])], "shape", /^mine: the gradient of input 0 must .*\[2\], got \[5\]/],
  ["too many", (dy) => [dy, dy], "value", /^mine: backward must return one gradient .* 1 inputs, got 2/],
];
for (const [name, backward, code, message] of mistakes) {
  custom(`gradients ${name} are refused, and no grad has changed`, () => {
    const x = parameter(1, 2);
    const w = parameter(1, 1);
    const y = customGradient({ inputs: [x], forward: (t) => t.mul(2), backward: backward as never, label: "mine" });
    const loss = y.mul(w).sum();
    refused(() => loss.backward(), code, message);
    assert.is(x.grad, null);
    assert.is(w.grad, null);
  });
}

custom("an error in backward leaves every grad as it was", async () => {
  const x = parameter(1);
  const w = parameter(2);
  w.mul(1).backward();
  const y = customGradient({
    inputs: [x],
    forward: (t) => t.mul(2),
    backward: () => {
      throw new Error("mine");
    },
  });
  assert.throws(() => y.mul(w).backward(), /^mine$|mine/);
  assert.equal(await gradient(w), [1]);
  assert.is(x.grad, null);
  x.mul(3).backward();
  assert.equal(await gradient(x), [3], "the tape still works");
});

custom("wrong arguments are refused", () => {
  const x = parameter(1);
  const f = (t: Tensor): Tensor => t.mul(2);
  const call = (options: object) => () => customGradient(options as never);
  refused(call({ inputs: [], forward: f, backward: f }), "value", /^customGradient: inputs must be an array/);
  refused(call({ inputs: [x], forward: f }), "value", /^customGradient: /);
  refused(call({ inputs: [x], forward: () => 3, backward: f }), "value", /^customGradient: forward must return .*got 3/);
  refused(call({ inputs: [x], forward: async () => f(x), backward: f }), "value", /promise/);
});

tape.run();
