import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkFinite, div, type Tensor } from "webgpu-imle";
import { testEngine } from "./support/engine.js";
import { refused, rejected } from "./support/errors.js";

const engine = await testEngine();
const test = suite("checkFinite");

/** Bits, since a NaN that a kernel computes is none on every adapter. */
function withBits(values: readonly number[], place: number, bits: number): Tensor {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  words[place] = bits;
  return engine.tensor(new Float32Array(words.buffer));
}

const unlike = { NaN: 0x7fc00000, "a signalling NaN": 0xff800001, "infinity": 0x7f800000, "−infinity": 0xff800000 };
for (const [name, bits] of Object.entries(unlike)) {
  test(`${name} rejects the next read once, naming the tensor and the place`, async () => {
    for (const [size, place] of [[1, 0], [7, 6], [64, 13], [1000, 999]] as const) {
      const x = withBits(new Array<number>(size).fill(1.5), place, bits);
      assert.is(checkFinite(x, "the costs"), x);
      const message = new RegExp(`^checkFinite: every element of the costs must be finite, .* at element ${place}$`);
      await rejected(x.read(), "non-finite", message);
      assert.is((await x.read()).length, size);
    }
  });
}

test("finite numbers pass, and what a buffer holds beyond them does not count", async () => {
  const dirty = withBits([1, 1, 1, 1, 1, 1, 1, 1], 6, 0x7fc00000);
  dirty.dispose();
  const x = engine.tensor([3.4028234663852886e38, -3.4028234663852886e38, 1e-45, 0, -0]);
  assert.is((await checkFinite(x).read()).length, 5);
  checkFinite(engine.zeros([0]));
  await engine.idle();
});

test("the first of several places is told, and the tensor's label where no name is given", async () => {
  const x = engine.tensor([1, Infinity, NaN, 2, -Infinity], { label: "logits" });
  checkFinite(x);
  await rejected(engine.idle(), "non-finite", /every element of logits must .*element 1$/);
});

test("names are told apart, and hundreds of them are no obstacle", async () => {
  const [good, bad] = [engine.tensor([1]), engine.tensor([NaN])];
  for (let i = 0; i < 300; i++) checkFinite(good, `tensor ${i}`);
  checkFinite(bad, "tensor 17");
  checkFinite(good, "tensor 18");
  await rejected(engine.idle(), "non-finite", /tensor 17 must/);
  checkFinite(bad, "one more");
  await rejected(engine.idle(), "non-finite", /of a tensor must/);
});

test("gradients pass through, since it is x itself", async () => {
  const x = engine.tensor([2], { requiresGrad: true });
  checkFinite(div(1, x)).sum().backward();
  assert.equal([...(await x.grad!.read())], [-0.25]);
});

test("refuse whole numbers, no tensor, and a name that is no text", () => {
  refused(() => checkFinite(engine.arange(3)), "dtype", /^checkFinite: x must be f32, got i32/);
  refused(() => checkFinite(1 as never), "value", /^checkFinite: x must be a tensor/);
  refused(() => checkFinite(engine.ones([1]), 3 as never), "value", /^checkFinite: name must be a text, got 3/);
});

test.run();
