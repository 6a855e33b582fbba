import fc from "fast-check";
import { choice, exactly, flag, isSizes, isWhole, optional, options, pair, type Slot, slot } from "../slots.js";
import { call, type Calls, calls, type Context, epsilon, probability } from "./context.js";

/** Products, convolutions, pooling, normalisation. */
export function products(context: Context): Calls {
  const { tensors, image, sequence } = context;
  const lastOf3 = context.like(["f32"], (found) => found.at(-1) === 3);
  const matrices = tensors.beside(context.like(["f32"], (found) => found.length >= 2 && found.at(-1) === 3));
  const images = tensors.of(image, ["f32"], (found) => found.length === 4);
  const ofTwoChannels = (good: typeof image): Slot =>
    tensors.of(good, ["f32"], (found) => found.length === good.shape.length && found[1] === 2);
  const convolution = {
    dilation: choice(1, 2),
    groups: choice(1),
    bias: context.vector(3),
  };
  const length = (least: number): Slot =>
    optional(slot(least, (value) => isWhole(value) && value >= least && value < 2 ** 16));
  const poolPadding = slot(0, (value) => {
    const isSmall = (one: unknown): boolean => one === 0 || one === 1;
    return value === undefined || isSmall(value) || (isSizes(value, 2) && (value as number[]).every(isSmall));
  });
  const size = (tooLarge: unknown): Slot => ({
    good: 2,
    wrong: fc.oneof(pair(2, 1).wrong, fc.constantFrom(undefined, tooLarge)),
  });
  const affine = { weight: context.vector(3), bias: context.vector(3), epsilon };
  return {
    ...call(
      "matmul",
      matrices,
      matrices,
      options({ transposeA: choice(false), transposeB: choice(true) }, "transposeB"),
    ),
    ...call(
      "conv2d",
      ofTwoChannels(image),
      tensors.beside(tensors.of(tensors.get([3, 2, 3, 3]), ["f32"], exactly(3, 2, 3, 3))),
      options({ ...convolution, stride: pair(1, 1), padding: pair(0, 0) }),
    ),
    ...call(
      "conv1d",
      ofTwoChannels(sequence),
      tensors.beside(tensors.of(tensors.get([3, 2, 3]), ["f32"], exactly(3, 2, 3))),
      options({ ...convolution, stride: length(1), padding: length(0) }),
    ),
    ...calls(["maxPool2d", "averagePool2d"], images, size(7), options({ stride: pair(1, 1), padding: poolPadding })),
    ...calls(["adaptiveMaxPool2d", "adaptiveAveragePool2d"], images, size([0, 1])),
    ...call(
      "batchNorm",
      context.like(["f32"], (found) => found.length >= 2 && found[1] === 3),
      options({ ...affine, training: flag, momentum: optional(probability) }, "training"),
    ),
    ...call("layerNorm", lastOf3, options(affine)),
  };
}
