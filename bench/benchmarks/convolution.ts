/** Convolutions and pooling of images, as ResNets have them, forward and back. */

import { adaptiveMaxPool2d, conv2d, type Engine, maxPool2d, type Tensor } from "webgpu-imle";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";
import { type ConvolutionSizes, convolvedSide } from "../peers/tasks.js";

const bytesOfNumber = 4;

interface Convolution extends ConvolutionSizes {
  readonly x: Tensor;
  readonly w: Tensor;
}

function convolution(engine: Engine, sizes: ConvolutionSizes, learns: boolean): Convolution {
  const { batch, inputs, outputs, side, window } = sizes;
  const x = engine.normal([batch, inputs, side, side], { requiresGrad: learns });
  return { ...sizes, x, w: engine.normal([outputs, inputs, window, window], { requiresGrad: learns }) };
}

const nameOf = ({ batch, inputs, outputs, side, window, stride }: ConvolutionSizes): string =>
  `[${batch}, ${inputs}, ${side}, ${side}] to ${outputs}, ${window}×${window}${stride > 1 ? ` stride ${stride}` : ""}`;

const apply = ({ x, w, stride, padding }: Convolution): Tensor => conv2d(x, w, { stride, padding });

/** Multiply-adds of one pass, a multiply-add being two operations. */
function operationsOf(sizes: ConvolutionSizes): number {
  const { batch, inputs, outputs, window } = sizes;
  return 2 * batch * outputs * convolvedSide(sizes) ** 2 * inputs * window * window;
}

function numbersOf(sizes: ConvolutionSizes): { readonly x: number; readonly w: number; readonly y: number } {
  const { batch, inputs, outputs, side, window } = sizes;
  const y = batch * outputs * convolvedSide(sizes) ** 2;
  return { x: batch * inputs * side * side, w: outputs * inputs * window * window, y };
}

/** Element (image, output, row, column) by plain loops. */
function element({ inputs, side, window, stride, padding }: Convolution, xs: Float32Array, ws: Float32Array) {
  return (image: number, output: number, row: number, column: number): number => {
    let sum = 0;
    for (let channel = 0; channel < inputs; channel++) {
      for (let i = 0; i < window; i++) {
        for (let j = 0; j < window; j++) {
          const [y, x] = [row * stride + i - padding, column * stride + j - padding];
          if (y < 0 || x < 0 || y >= side || x >= side) continue;
          const pixel = xs[((image * inputs + channel) * side + y) * side + x]!;
          sum += pixel * ws[((output * inputs + channel) * window + i) * window + j]!;
        }
      }
    }
    return sum;
  };
}

function forwardCase(sizes: ConvolutionSizes, { sweep = false, headline = false } = {}): TimedCase {
  return {
    name: `conv2d ${nameOf(sizes)}`,
    parameters: { batch: sizes.batch },
    sweep,
    headline,
    peers: { task: "conv2d", ...sizes },
    prepare(engine) {
      const set = convolution(engine, sizes, false);
      const { x, w, y } = numbersOf(sizes);
      const last = convolvedSide(sizes) - 1;
      return {
        work: { operations: operationsOf(sizes), bytes: bytesOfNumber * (x + w + y) },
        unit: () => void apply(set),
        async verify() {
          const [xs, ws, got] = await Promise.all([set.x.read(), set.w.read(), apply(set).read()]);
          const twin = element(set, xs as Float32Array, ws as Float32Array);
          for (const [image, output, row, column] of [
            [0, 0, 0, 0],
            [sizes.batch - 1, sizes.outputs - 1, last, last],
            [sizes.batch >> 1, 1, last >> 1, 1],
          ] as const) {
            const place = ((image * sizes.outputs + output) * (last + 1) + row) * (last + 1) + column;
            expectClose(`conv2d, element ${place}`, got[place]!, twin(image, output, row, column), 1e-3);
          }
        },
      };
    },
  };
}

/** Both gradients: each costs as much as forward. */
function backwardCase(sizes: ConvolutionSizes, { sweep = false } = {}): TimedCase {
  return {
    name: `conv2d and both gradients ${nameOf(sizes)}`,
    parameters: { batch: sizes.batch },
    sweep,
    peers: { task: "conv2d-gradients", ...sizes },
    prepare(engine) {
      const set = convolution(engine, sizes, true);
      const side = convolvedSide(sizes);
      const gradient = engine.normal([sizes.batch, sizes.outputs, side, side]);
      const { x, w, y } = numbersOf(sizes);
      const step = (): void => apply(set).backward(gradient);
      return {
        work: { operations: 3 * operationsOf(sizes), bytes: bytesOfNumber * (3 * x + 3 * w + 3 * y) },
        unit() {
          step();
          set.x.grad = null;
          set.w.grad = null;
        },
        async verify() {
          const value = apply(set);
          const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
            Array.from(a).reduce((sum, number, i) => sum + number * b[i]!, 0);
          // y is linear in x and in w: ⟨y, dy⟩ = ⟨x, dx⟩ = ⟨w, dw⟩.
          const wanted = dot(await value.read(), await gradient.read());
          value.backward(gradient);
          const tolerance = 1e-3 * Math.max(1, Math.sqrt(y) / Math.max(1, Math.abs(wanted)));
          for (const tensor of [set.x, set.w]) {
            expectClose("conv2d: ⟨x, dx⟩", dot(await tensor.read(), await tensor.grad!.read()), wanted, tolerance);
            tensor.grad = null;
          }
        },
      };
    },
  };
}

function poolCase(what: string, side: number, apply: (x: Tensor) => Tensor, window: number): TimedCase {
  const shape = [8, 64, side, side];
  return {
    name: `${what} [${shape.join(", ")}]`,
    prepare(engine) {
      const x = engine.normal(shape);
      const count = 8 * 64 * side * side;
      return {
        work: { bytes: bytesOfNumber * (count + count / 4) },
        unit: () => void apply(x),
        async verify() {
          const [xs, got] = await Promise.all([x.read(), apply(x).read()]);
          // The window in the middle of the last image.
          const middle = side >> 2;
          const first = 2 * middle - (window >> 1) + (window % 2 === 0 ? 1 : 0);
          const plane = xs.subarray(xs.length - side * side);
          let most = -Infinity;
          for (let row = first; row < first + window; row++) {
            for (let column = first; column < first + window; column++)
              most = Math.max(most, plane[row * side + column]!);
          }
          const half = side / 2;
          expectClose(what, got[got.length - half * half + middle * half + middle]!, most, 0);
        },
      };
    },
  };
}

// The first convolution of a ResNet on pictures of 96 × 96, and one of its blocks.
const first = { batch: 8, inputs: 3, outputs: 64, side: 96, window: 7, stride: 2, padding: 3 } as const;
const block = { batch: 8, inputs: 64, outputs: 64, side: 24, window: 3, stride: 1, padding: 1 } as const;

export const convolutionBenchmark: Benchmark = {
  name: "convolution",
  summary: "convolutions and pooling of images as ResNets have them, forward and back",
  cases: [
    forwardCase(block, { headline: true }),
    forwardCase(first),
    backwardCase(block),
    poolCase("max pool 3×3 stride 2", 48, (x) => maxPool2d(x, 3, { stride: 2, padding: 1 }), 3),
    poolCase("adaptive max pool to 12×12", 24, (x) => adaptiveMaxPool2d(x, 12), 2),
    ...[1, 4, 32, 70].map((batch) => forwardCase({ ...block, batch }, { sweep: true })),
    // The batch of the papers' experiments on maps.
    backwardCase({ ...block, batch: 70 }, { sweep: true }),
  ],
};
