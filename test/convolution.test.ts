import { suite } from "uvu";
import * as assert from "uvu/assert";
import { conv1d, conv2d, type Conv2dOptions, type Engine, matmul, type Tensor } from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose, expectGradients, expectValue, type OperationCase } from "./support/gradients.js";
import { randomNumbers, randomSource } from "./support/random.js";
import { randomTwin, sizeOf, type Twin } from "./support/twins.js";

type Pair = readonly [number, number];
type Sizes = Omit<Conv2dOptions, "bias">;

const asPair = (value: number | Pair): Pair => (typeof value === "number" ? [value, value] : value);

/** The convolution in float64, by the definition. */
function conv2dTwin(x: Twin, w: Twin, sizes: Sizes, bias?: Twin): Twin {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = sizes;
  const [images, channels, height, width] = x.shape as [number, number, number, number];
  const [outs, own, kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  const [[strideY, strideX], [padY, padX], [farY, farX]] = [asPair(stride), asPair(padding), asPair(dilation)];
  const outHeight = Math.floor((height + 2 * padY - farY * (kernelHeight - 1) - 1) / strideY) + 1;
  const outWidth = Math.floor((width + 2 * padX - farX * (kernelWidth - 1) - 1) / strideX) + 1;
  const values: number[] = [];
  for (let n = 0; n < images; n++) {
    for (let o = 0; o < outs; o++) {
      for (let oy = 0; oy < outHeight; oy++) {
        for (let ox = 0; ox < outWidth; ox++) {
          let sum = bias?.values[o] ?? 0;
          for (let c = 0; c < own; c++) {
            const channel = Math.floor(o / (outs / groups)) * own + c;
            for (let ky = 0; ky < kernelHeight; ky++) {
              for (let kx = 0; kx < kernelWidth; kx++) {
                const [y, x_] = [oy * strideY - padY + farY * ky, ox * strideX - padX + farX * kx];
                if (y < 0 || y >= height || x_ < 0 || x_ >= width) continue;
                const weight = w.values[((o * own + c) * kernelHeight + ky) * kernelWidth + kx]!;
                sum += weight * x.values[((n * channels + channel) * height + y) * width + x_]!;
              }
            }
          }
          values.push(sum);
        }
      }
    }
  }
  return { shape: [images, outs, outHeight, outWidth], values };
}

function operation(x: number[], w: number[], sizes: Sizes, withBias = false): OperationCase {
  const bias = withBias ? [randomTwin([w[0]!], { seed: 23 })] : [];
  return {
    name: `conv2d [${x}] [${w}] ${JSON.stringify(sizes)}`,
    inputs: [randomTwin(x, { seed: 21 }), randomTwin(w, { seed: 22 }), ...bias],
    run: (...[image, weights, added]) => conv2d(image!, weights!, { ...sizes, ...(added && { bias: added }) }),
    twin: (...[image, weights, added]) => conv2dTwin(image!, weights!, sizes, added),
    tolerance: { relative: 1e-5, absolute: 1e-5 * Math.max(1, sizeOf(w.slice(1)) / 20) },
  };
}

for (const as of ["software", "gpu"] as const) {
  const test = suite(`conv2d as on a ${as === "gpu" ? "GPU" : "software adapter"}`);
  let engine: Engine;
  test.before(async () => {
    engine = await testEngine({ as });
  });

  test("a convolution is the float64 convolution, with strides, padding and bias, square or not", async () => {
    await expectValue(engine, operation([1, 1, 1, 1], [1, 1, 1, 1], {}, true));
    await expectValue(engine, operation([2, 3, 5, 7], [4, 3, 3, 3], {}));
    await expectValue(engine, operation([2, 3, 5, 7], [5, 3, 3, 2], { padding: 1 }, true));
    await expectValue(engine, operation([2, 4, 8, 8], [8, 4, 3, 3], { padding: 1 }, true));
    await expectValue(engine, operation([1, 2, 9, 6], [3, 2, 2, 4], { stride: [2, 1], padding: [0, 3] }));
    await expectValue(engine, operation([3, 2, 7, 7], [2, 2, 3, 3], { stride: 3, padding: 2 }, true));
    await expectValue(engine, operation([1, 1, 2, 2], [2, 1, 6, 6], { padding: 2 }));
    await expectValue(engine, operation([2, 5, 6, 6], [3, 5, 1, 1], { stride: 2 }));
  });

  test("windows may be dilated, and channels convolved in groups, down to one a channel", async () => {
    await expectValue(engine, operation([1, 2, 9, 8], [3, 2, 3, 2], { dilation: [2, 3], padding: 1 }, true));
    await expectValue(engine, operation([2, 1, 7, 11], [2, 1, 3, 3], { dilation: 2, stride: 2, padding: [0, 2] }));
    await expectValue(engine, operation([2, 4, 5, 6], [6, 2, 3, 3], { groups: 2, padding: 1 }, true));
    await expectValue(engine, operation([3, 5, 6, 4], [5, 1, 3, 3], { groups: 5, dilation: [2, 1], padding: 1 }, true));
    await expectValue(engine, operation([1, 128, 4, 4], [4, 64, 3, 3], { groups: 2, padding: 1 }, true));
  });

  test("a convolution of sequences is the one of images of one row, and so are its gradients", async () => {
    await scoped(engine, async () => {
      for (const [x, w, sizes] of [
        [[2, 3, 9], [4, 3, 3], {}],
        [[2, 4, 11], [6, 2, 3], { stride: 2, padding: 2, dilation: 2, groups: 2 }],
      ] as const) {
        const { stride = 1, padding = 0, dilation = 1, groups = 1 } = sizes as Record<string, number>;
        const asRow = ({ shape, values }: Twin): Twin => ({ shape: [shape[0]!, shape[1]!, 1, shape[2]!], values });
        const case1d: OperationCase = {
          name: `conv1d [${x}] [${w}]`,
          inputs: [randomTwin(x, { seed: 31 }), randomTwin(w, { seed: 32 }), randomTwin([w[0]], { seed: 33 })],
          run: (...[sequences, weights, bias]) => conv1d(sequences!, weights!, { ...sizes, bias: bias! }),
          twin: (...[sequences, weights, bias]) => {
            const pairs = { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], groups } as const;
            const { shape, values } = conv2dTwin(asRow(sequences!), asRow(weights!), pairs, bias!);
            return { shape: [shape[0]!, shape[1]!, shape[3]!], values };
          },
          tolerance: { relative: 1e-5, absolute: 1e-5 },
        };
        await expectValue(engine, case1d);
        await expectGradients(engine, case1d);
      }
    });
  });

  test("a convolution of many channels splits its inner axis and adds the bias once", async () => {
    await expectValue(engine, operation([1, 64, 4, 4], [3, 64, 3, 3], { padding: 1 }, true));
  });

  test("gradients of image, weights and bias are central differences", async () => {
    await expectGradients(engine, operation([2, 3, 4, 5], [4, 3, 3, 3], {}, true));
    await expectGradients(engine, operation([2, 2, 4, 4], [4, 2, 2, 2], { padding: 1 }));
    await expectGradients(engine, operation([1, 2, 4, 4], [4, 2, 3, 3], { padding: 1 }, true));
    await expectGradients(engine, operation([2, 2, 7, 6], [3, 2, 3, 2], { stride: 2, padding: 1 }, true));
    await expectGradients(engine, operation([1, 2, 9, 7], [2, 2, 3, 5], { stride: [3, 2], padding: [1, 2] }));
    await expectGradients(engine, operation([1, 1, 5, 5], [2, 1, 1, 2], { stride: [1, 3] }, true));
    await expectGradients(engine, operation([1, 2, 7, 8], [2, 2, 3, 2], { dilation: [2, 3], padding: 2 }, true));
    await expectGradients(engine, operation([1, 4, 4, 4], [4, 2, 2, 2], { groups: 2, padding: 1 }, true));
    await expectGradients(engine, operation([1, 3, 5, 4], [3, 1, 2, 2], { groups: 3, stride: [2, 1], dilation: 2 }));
    await expectGradients(engine, operation([2, 3, 4, 2], [5, 3, 1, 1], {}, true));
    await expectGradients(engine, operation([2, 4, 2, 6], [6, 2, 1, 1], { groups: 2 }));
    await expectGradients(engine, operation([1, 2, 4, 4], [3, 2, 1, 1], { stride: 2 }));
    await expectGradients(engine, operation([1, 1, 9, 6], [2, 1, 3, 2], { stride: [4, 6], dilation: [4, 3] }));
  });

  test("a large image's gradients are those that the float64 convolution says are linear in it", async () => {
    // ⟨dy, conv(x, w)⟩ = ⟨dx, x⟩ = ⟨dw, w⟩, for every x, w and dy: the convolution is linear in both.
    await scoped(engine, async () => {
      for (const [x, w, stride] of [
        [randomTwin([3, 4, 30, 29], { seed: 24 }), randomTwin([6, 4, 3, 3], { seed: 25 }), [1, 2]],
        [randomTwin([2, 24, 21, 20], { seed: 28 }), randomTwin([24, 24, 3, 3], { seed: 29 }), [1, 1]],
      ] as const) {
        const sizes = { stride, padding: 1 } as const;
        const [image, weights] = [x, w].map(({ values, shape }) =>
          engine.tensor(values, shape, { requiresGrad: true }),
        );
        const y = conv2d(image!, weights!, sizes);
        const expected = conv2dTwin(x, w, sizes);
        expectClose("value", await y.read(), expected.values, { relative: 1e-5, absolute: 1e-4 });
        const dy = randomTwin(y.shape, { seed: 26 });
        y.backward(engine.tensor(dy.values, dy.shape));
        const pairing = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
          Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
        const value = pairing(dy.values, expected.values);
        const size = Math.sqrt(pairing(dy.values, dy.values) * pairing(expected.values, expected.values));
        for (const [tensor, twin] of [[image!, x], [weights!, w]] as const) {
          assert.ok(Math.abs(pairing(await tensor.grad!.read(), twin.values) - value) < 1e-6 * size);
        }
      }
    });
  });

  test("a convolution whose channels do not divide into tiles begins each row with its bias", async () => {
    await expectValue(engine, operation([2, 24, 23, 20], [22, 24, 3, 3], { padding: 1 }, true));
  });

  test("a 1×1 convolution is a product of matrices", async () => {
    await scoped(engine, async () => {
      const [x, w] = [engine.normal([3, 8, 5, 4]), engine.normal([6, 8, 1, 1])];
      const expected = matmul(w.reshape([6, 8]), x.reshape([3, 8, 20]));
      expectClose("1×1", await conv2d(x, w).read(), await expected.read(), { absolute: 1e-5 });
    });
  });

  test("no image gives no image, and gradients of zeros", async () => {
    await scoped(engine, async () => {
      const w = engine.normal([4, 3, 3, 3], { requiresGrad: true });
      const y = conv2d(engine.zeros([0, 3, 8, 8]), w, { padding: 1 });
      assert.equal(y.shape, [0, 4, 8, 8]);
      y.sum().backward();
      assert.equal([...(await w.grad!.read())], new Array(108).fill(0));
      assert.equal(conv2d(engine.zeros([2, 3, 8, 8]), engine.zeros([0, 3, 3, 3])).shape, [2, 0, 6, 6]);
    });
  });

  test("wrapped buffers that end at their last element can be convolved", async () => {
    await scoped(engine, async () => {
      const random = randomSource(27);
      const wrapped = (shape: number[]): [Tensor, Twin] => {
        const values = randomNumbers(random, sizeOf(shape));
        const buffer = engine.device.createBuffer({ size: values.byteLength, usage: 0x80 | 0x8 });
        engine.device.queue.writeBuffer(buffer, 0, values);
        return [engine.wrap(buffer, shape), { shape, values: [...values] }];
      };
      const [x, twinX] = wrapped([1, 1, 5, 5]);
      const [w, twinW] = wrapped([1, 1, 3, 3]);
      const [bias, twinBias] = wrapped([1]);
      const expected = conv2dTwin(twinX, twinW, { padding: 1 }, twinBias);
      expectClose("wrapped", await conv2d(x, w, { padding: 1, bias }).read(), expected.values, { absolute: 1e-5 });
    });
  });

  test.run();
}

const refusals = suite("conv2d refuses");

refusals("wrong ranks, channels, kernels, strides, paddings, biases and dtypes", async () => {
  const engine = await testEngine();
  const x = engine.ones([1, 2, 5, 5]);
  const w = engine.ones([3, 2, 3, 3]);
  const wrong = (value: unknown): never => value as never;
  const { dispatches } = engine.stats();
  refused(() => conv2d(wrong(1), w), "value", /^conv2d: x must be a tensor, got 1/);
  refused(() => conv2d(x, wrong(null)), "value", /^conv2d: w must be a tensor/);
  refused(() => conv2d(engine.arange(50).reshape([1, 2, 5, 5]), w), "dtype", /^conv2d: x must be f32, got i32/);
  refused(() => conv2d(x, engine.arange(54).reshape([3, 2, 3, 3])), "dtype", /^conv2d: w must be f32, got i32/);
  refused(() => conv2d(x.reshape([2, 5, 5]), w), "shape", /^conv2d: x must have 4 axes.*got shape \[2, 5, 5\]/);
  refused(() => conv2d(x, w.reshape([6, 9])), "shape", /^conv2d: w must have 4 axes.*got shape \[6, 9\]/);
  refused(() => conv2d(x, engine.zeros([3, 1, 3, 3])), "shape", /^conv2d: .*number of channels.*got 2 and 1/);
  refused(() => conv2d(engine.zeros([1, 0, 5, 5]), engine.zeros([3, 0, 3, 3])), "shape", /got 0 and 0/);
  refused(() => conv2d(x, engine.zeros([3, 2, 6, 3])), "shape", /^conv2d: the \(dilated\) window must be .*5×5, got 6×3/);
  refused(() => conv2d(x, engine.zeros([3, 2, 0, 3])), "shape", /^conv2d: the \(dilated\) window must be .*got 0×3/);
  for (const stride of [0, -1, 1.5, NaN, "2", [1], [1, 0], [1, 2, 3], null]) {
    refused(() => conv2d(x, w, { stride: wrong(stride) }), "value", /^conv2d: stride must be a whole number from 1/);
  }
  for (const padding of [-1, 0.5, Infinity, [0, -1], {}]) {
    refused(() => conv2d(x, w, { padding: wrong(padding) }), "value", /^conv2d: padding must be a whole number from 0/);
  }
  refused(() => conv2d(x, w, { dilation: 3 }), "shape", /^conv2d: the \(dilated\) window .*5×5, got 7×7/);
  refused(() => conv2d(x, w, { dilation: 0 }), "value", /^conv2d: dilation must be a whole number from 1/);
  for (const groups of [0, 2, 1.5, "1", null]) {
    refused(() => conv2d(x, w, { groups: wrong(groups) }), "value", /^conv2d: groups must be .*2 and 3/);
  }
  refused(() => conv2d(x, engine.zeros([4, 2, 3, 3]), { groups: 2 }), "shape", /^conv2d: axis 1 of w .*got 2/);
  refused(() => conv1d(x, w), "shape", /^conv1d: x must have 3 axes/);
  refused(() => conv1d(engine.ones([1, 2, 5]), engine.ones([1, 2, 6])), "shape", /^conv1d: .*image's 5, got 6/);
  refused(() => conv1d(x, w, { stride: wrong([1, 2]) }), "value", /^conv1d: stride/);
  refused(() => conv2d(x, w, { bias: engine.zeros([2]) }), "shape", /^conv2d: bias .*\[3\], got \[2\]/);
  refused(() => conv2d(x, w, { bias: engine.zeros([3, 1]) }), "shape", /^conv2d: bias .*got \[3, 1\]/);
  refused(() => conv2d(x, w, { bias: wrong(true) }), "value", /^conv2d: bias must be a tensor, got true/);
  refused(() => conv2d(x, w, { bias: engine.arange(3) }), "dtype", /^conv2d: bias must be f32, got i32/);
  refused(() => conv2d(x, w, wrong({ strides: 2 })), "value", /^conv2d: options .*got strides/);
  refused(() => conv2d(x, w, wrong(null)), "value", /^conv2d: options/);
  const other = await testEngine();
  refused(() => conv2d(x, other.ones([3, 2, 3, 3])), "engine", /^conv2d/);
  refused(() => conv2d(x, w, { bias: other.ones([3]) }), "engine", /^conv2d/);
  const gone = engine.ones([3, 2, 3, 3]);
  gone.dispose();
  refused(() => conv2d(x, gone), "disposed", /^conv2d/);
  assert.ok(engine.stats().dispatches <= dispatches + 12, "nothing is recorded by what is refused");
});

refusals.run();
