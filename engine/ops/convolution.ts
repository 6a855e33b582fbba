import biasSource from "../../kernels/convolution-bias.wgsl";
import pixelColumns from "../../kernels/convolution-pixels.wgsl";
import tapColumns from "../../kernels/convolution-taps.wgsl";
import source from "../../kernels/convolution.wgsl";
import { constants, type Piece } from "../compose.js";
import { formatShape, must } from "../error.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireOptions, requirePair, requireTensor } from "./arguments.js";
import { elements, multiplyTiled, type Product } from "./product.js";
import { sum } from "./reduce.js";
import type { Access } from "./tiles.js";

/** Options of {@link conv2d}. A pair is [vertical, horizontal]. */
export interface Conv2dOptions {
  /** Steps of the kernel over the image, from 1. */
  stride?: number | readonly [number, number];
  /** Zeros around the image, on both sides. */
  padding?: number | readonly [number, number];
  /** One number an output channel, `[out]`, f32. */
  bias?: Tensor;
}

type Pair = readonly [number, number];

/** Sizes of a convolution, worked out once. */
interface Geometry {
  readonly images: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly size: Pair;
  readonly outSize: Pair;
  readonly taps: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/**
 * Convolution of images (the cross-correlation of neural networks), as a product of matrices that reads the padded
 * image where it lies.
 *
 * @param x `[images, channels, height, width]`, f32
 * @param w `[out, channels, kernel height, kernel width]`, f32
 * @returns `[images, out, ⌊(height + 2·padding − kernel height) / stride⌋ + 1, …]`
 * @throws ImleError `shape` where the channels differ or the kernel is larger than the padded image; `dtype` unless all
 * are f32; `value` where stride or padding is not a whole number in its range
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  requireOptions("conv2d", options, ["stride", "padding", "bias"]);
  const { stride = 1, padding = 0, bias } = options;
  requireTensor("conv2d", "x", x, ["f32"]);
  requireTensor("conv2d", "w", w, ["f32"]);
  if (bias !== undefined) requireTensor("conv2d", "bias", bias, ["f32"]);
  const inputs = bias ? [x, w, bias] : [x, w];
  x.engine.check("conv2d", inputs);
  const geometry = describe(
    x,
    w,
    bias,
    requirePair("conv2d", "stride", stride, 1),
    requirePair("conv2d", "padding", padding, 0),
  );
  const { images, outChannels, outSize } = geometry;
  const y = x.engine.output("conv2d", [images, outChannels, ...outSize]);
  convolve(x, w, bias, y, geometry);
  record({
    label: "conv2d",
    inputs,
    outputs: [y],
    saved: [x, w],
    backward: ([dy]) => [
      x.requiresGrad ? gradientOfImage(dy!, w, x, geometry) : null,
      w.requiresGrad ? gradientOfWeights(dy!, w, x, geometry) : null,
      ...(bias ? [bias.requiresGrad ? sum(dy!, [0, 2, 3]) : null] : []),
    ],
  });
  return y;
}

/** Rows are output channels, columns output pixels, the inner axis the taps of all channels. */
function convolve(x: Tensor, w: Tensor, bias: Tensor | undefined, y: Tensor, geometry: Geometry): void {
  const { images, channels, outChannels, size, outSize, taps, stride, padding } = geometry;
  const inner = channels * area(taps);
  multiply({
    rows: outChannels,
    columns: images * area(outSize),
    inner,
    left: { tensor: w, row: inner, run: inner, jump: inner },
    image: x,
    imageSize: size,
    imageChannels: channels,
    columnsAre: "pixels",
    pixels: { start: [-padding[0], -padding[1]], step: stride, count: outSize },
    taps: { step: [1, 1], count: taps },
    isPadded: padding[0] + padding[1] > 0,
    phases: [1, 1],
    product: y,
    productArea: area(outSize),
    bias,
  });
}

/** Rows are input channels, columns input pixels, the inner axis the taps of all output channels, walked backwards. */
function gradientOfImage(dy: Tensor, w: Tensor, x: Tensor, geometry: Geometry): Tensor {
  const { images, channels, outChannels, size, outSize, taps, stride, padding } = geometry;
  const dx = dy.engine.output("conv2d", x.shape);
  multiply({
    rows: channels,
    columns: images * area(size),
    inner: outChannels * area(taps),
    left: { tensor: w, row: area(taps), run: area(taps), jump: channels * area(taps) },
    image: dy,
    imageSize: outSize,
    imageChannels: outChannels,
    columnsAre: "pixels",
    pixels: { start: padding, step: [1, 1], count: size },
    taps: { step: [-1, -1], count: taps },
    isPadded: true,
    phases: stride,
    product: dx,
    productArea: area(size),
    bias: undefined,
  });
  return dx;
}

/** Rows are output channels, columns the taps of all input channels, the inner axis the output pixels of all images. */
function gradientOfWeights(dy: Tensor, w: Tensor, x: Tensor, geometry: Geometry): Tensor {
  const { images, channels, outChannels, size, outSize, taps, stride, padding } = geometry;
  const dw = dy.engine.output("conv2d", w.shape);
  multiply({
    rows: outChannels,
    columns: channels * area(taps),
    inner: images * area(outSize),
    left: { tensor: dy, row: area(outSize), run: area(outSize), jump: outChannels * area(outSize) },
    image: x,
    imageSize: size,
    imageChannels: channels,
    columnsAre: "taps",
    pixels: { start: [-padding[0], -padding[1]], step: stride, count: outSize },
    taps: { step: [1, 1], count: taps },
    isPadded: padding[0] + padding[1] > 0,
    phases: [1, 1],
    product: dw,
    productArea: channels * area(taps),
    bias: undefined,
  });
  return dw;
}

/** One of a convolution's three products, in the words of kernels/convolution.wgsl. */
interface ConvolutionProduct {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** Element (row, k) lies at `row·row + ⌊k / run⌋·jump + k % run`. */
  readonly left: { readonly tensor: Tensor; readonly row: number; readonly run: number; readonly jump: number };
  readonly image: Tensor;
  readonly imageSize: Pair;
  readonly imageChannels: number;
  readonly columnsAre: "pixels" | "taps";
  readonly pixels: { readonly start: Pair; readonly step: Pair; readonly count: Pair };
  readonly taps: { readonly step: Pair; readonly count: Pair };
  /** Whether a tap may lie outside of the image. */
  readonly isPadded: boolean;
  /** The stride with which the image was made, where it is the gradient of an output. */
  readonly phases: Pair;
  readonly product: Tensor;
  /** Columns that lie side by side in the product. */
  readonly productArea: number;
  readonly bias: Tensor | undefined;
}

function multiply(part: ConvolutionProduct): void {
  const { rows, columns, inner, left, image, imageSize, imageChannels, pixels, taps, phases, product, bias } = part;
  const isPhased = phases[0] * phases[1] > 1;
  const { isPadded, columnsAre, productArea } = part;
  const imageArea = area(imageSize);
  multiplyTiled({
    operation: "conv2d",
    name: `conv2d:${columnsAre}:${isPadded}:${isPhased}:${bias !== undefined}`,
    rows,
    columns,
    inner,
    batches: 1,
    left: left.run % 4 === 0 && left.row % 4 === 0 && left.jump % 4 === 0 ? "inner" : "scalar",
    right: "scalar",
    leftAlongInner: true,
    rightAlongInner: columnsAre === "taps",
    vectorStores: productArea % 4 === 0,
    operands: (access, _, vectorStores) => [
      constants({
        LEFT_INNER: widthOf(access),
        PRODUCT_COLUMNS: vectorStores ? 4 : 1,
        PADDED: Number(isPadded),
        PHASED: Number(isPhased),
      }),
      elements({ Left: access !== "scalar", Product: vectorStores }),
      { name: "kernels/convolution.wgsl", text: source },
      columnsAre === "pixels"
        ? { name: "kernels/convolution-pixels.wgsl", text: pixelColumns }
        : { name: "kernels/convolution-taps.wgsl", text: tapColumns },
      bias ? { name: "kernels/convolution-bias.wgsl", text: biasSource } : withoutBias,
    ],
    buffers: {
      left: left.tensor.slice("conv2d"),
      image: image.slice("conv2d"),
      ...(bias && { bias: bias.slice("conv2d") }),
    },
    uniforms: (access) => ({
      left_row: left.row / widthOf(access),
      left_run: left.run / widthOf(access),
      left_jump: left.jump / widthOf(access),
      product_size: product.size,
      product_area: productArea,
      product_jump: rows * productArea,
      stride_y: phases[0],
      stride_x: phases[1],
      pixel_channels: imageChannels * imageArea,
      tap_channels: imageArea,
      image: imageSize,
      pixel_start: pixels.start,
      pixel_step: pixels.step,
      pixel_count: pixels.count,
      tap_step: taps.step,
      tap_count: taps.count,
    }),
    output: product,
  } satisfies Product);
}

const withoutBias: Piece = { name: "initial", text: "fn initial_at(batch: Batch, row: u32) -> f32 { return 0.0; }" };

const widthOf = (access: Access): number => (access === "scalar" ? 1 : 4);
const area = ([height, width]: Pair): number => height * width;

function describe(x: Tensor, w: Tensor, bias: Tensor | undefined, stride: Pair, padding: Pair): Geometry {
  for (const [name, { shape }, form] of [
    ["x", x, "[images, channels, height, width]"],
    ["w", w, "[out, channels, height, width]"],
  ] as const) {
    must(
      shape.length === 4,
      "shape",
      () => `conv2d: ${name} must have 4 axes, ${form}, got shape ${formatShape(shape)}`,
      "Reshape it, with 1 for axes that are missing.",
    );
  }
  const [images, channels, height, width] = x.shape as [number, number, number, number];
  const [outChannels, ownChannels, kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  must(
    channels === ownChannels && channels > 0,
    "shape",
    () => `conv2d: x and w must have the same number of channels, from 1, got ${channels} and ${ownChannels}`,
    "Axis 1 of both is the channel: x is [images, channels, …] and w is [out, channels, …].",
  );
  const [paddedHeight, paddedWidth] = [height + 2 * padding[0], width + 2 * padding[1]];
  must(
    kernelHeight > 0 && kernelWidth > 0 && kernelHeight <= paddedHeight && kernelWidth <= paddedWidth,
    "shape",
    () =>
      `conv2d: the kernel must be from 1×1 up to the padded image's ${paddedHeight}×${paddedWidth}, ` +
      `got ${kernelHeight}×${kernelWidth}`,
    "Use a smaller kernel or more padding.",
  );
  must(
    !bias || (bias.shape.length === 1 && bias.shape[0] === outChannels),
    "shape",
    () => `conv2d: bias must have one number an output channel, [${outChannels}], got ${formatShape(bias!.shape)}`,
    "Axis 0 of w is the output channel.",
  );
  const lengthOut = (length: number, taps: number, axis: 0 | 1): number =>
    Math.floor((length + 2 * padding[axis] - taps) / stride[axis]) + 1;
  const outSize: Pair = [lengthOut(height, kernelHeight, 0), lengthOut(width, kernelWidth, 1)];
  const taps: Pair = [kernelHeight, kernelWidth];
  return { images, channels, outChannels, size: [height, width], outSize, taps, stride, padding };
}
