import { formatShape, formatValue, must } from "../error.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireOptions, requirePair, requireTensor } from "./arguments.js";
import { area, multiply, type Pair } from "./convolution-product.js";
import { sum } from "./reduce.js";
import { rowMajorStrides, stridedCopy } from "./strided-copy.js";

/** What {@link conv2d} and {@link conv1d} take; `Sizes` is a number, or one for each axis of the window. */
interface ConvolutionOptions<Sizes> {
  /** Pixels from window to window, from 1, which is the default. */
  stride?: Sizes;
  /** Zeros around the image, on both sides, from 0, which is the default. */
  padding?: Sizes;
  /** Pixels from one place of the window to the next, from 1, which is the default. */
  dilation?: Sizes;
  /** Channels in so many groups, each convolved by itself: a divisor of the input's and the output's; 1 by default. */
  groups?: number;
  /** One number an output channel, `[out]`, f32; none by default. */
  bias?: Tensor;
}

/** Options of {@link conv2d}. A pair is [vertical, horizontal]. */
export interface Conv2dOptions extends ConvolutionOptions<number | readonly [number, number]> {}

/** Options of {@link conv1d}. */
export interface Conv1dOptions extends ConvolutionOptions<number> {}

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
  readonly dilation: Pair;
  readonly groups: number;
}

/**
 * Convolution of images (the cross-correlation of neural networks), as a product of matrices that reads the padded
 * image where it lies.
 *
 * @param x `[images, channels, height, width]`, f32
 * @param w `[out, channels / groups, window's height, window's width]`, f32
 * @returns `[images, out, ⌊(height + 2·padding − dilation·(window's height − 1) − 1) / stride⌋ + 1, …]`
 * @throws ImleError `shape` where the channels differ or the dilated window is larger than the padded image; `dtype`
 * unless all are f32; `value` where an option is not a whole number in its range
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  return convolution("conv2d", x, w, options, (name, value, least) => requirePair("conv2d", name, value, least));
}

/**
 * Convolution of sequences; see {@link conv2d}.
 *
 * @param x `[sequences, channels, length]`, f32
 * @param w `[out, channels / groups, window]`, f32
 * @returns `[sequences, out, ⌊(length + 2·padding − dilation·(window − 1) − 1) / stride⌋ + 1]`
 * @throws ImleError as {@link conv2d}
 */
export function conv1d(x: Tensor, w: Tensor, options: Conv1dOptions = {}): Tensor {
  return convolution("conv1d", x, w, options, (name, value, least) => {
    const [one] = requirePair("conv1d", name, Array.isArray(value) ? null : value, least);
    return [name === "padding" ? 0 : 1, one];
  });
}

type Operation = "conv1d" | "conv2d";

function convolution(
  operation: Operation,
  x: Tensor,
  w: Tensor,
  options: Conv1dOptions | Conv2dOptions,
  pair: (name: string, value: unknown, least: number) => Pair,
): Tensor {
  requireOptions(operation, options, ["stride", "padding", "dilation", "groups", "bias"]);
  const { stride = 1, padding = 0, dilation = 1, groups = 1, bias } = options;
  requireTensor(operation, "x", x, ["f32"]);
  requireTensor(operation, "w", w, ["f32"]);
  if (bias !== undefined) requireTensor(operation, "bias", bias, ["f32"]);
  const inputs = bias ? [x, w, bias] : [x, w];
  x.engine.check(operation, inputs);
  const geometry = describe(operation, x, w, bias, {
    stride: pair("stride", stride, 1),
    padding: pair("padding", padding, 0),
    dilation: pair("dilation", dilation, 1),
    groups,
  });
  const { images, outChannels, outSize } = geometry;
  const lengths = operation === "conv2d" ? outSize : [outSize[1]];
  const y = x.engine.output(operation, [images, outChannels, ...lengths]);
  convolve(x, w, bias, y, geometry);
  record({
    label: operation,
    inputs,
    outputs: [y],
    saved: [x, w],
    backward: ([dy]) => [
      x.requiresGrad ? gradientOfImage(dy!, w, x, geometry) : null,
      w.requiresGrad ? gradientOfWeights(dy!, w, x, geometry) : null,
      ...(bias ? [bias.requiresGrad ? sum(dy!, [0, 2, 3].slice(0, 1 + lengths.length)) : null] : []),
    ],
  });
  return y;
}

/** Rows are output channels, columns output pixels, the inner axis the taps of all channels of a group. */
function convolve(x: Tensor, w: Tensor, bias: Tensor | undefined, y: Tensor, geometry: Geometry): void {
  const { images, channels, outChannels, size, outSize, taps, stride, padding, dilation, groups } = geometry;
  const inner = (channels / groups) * area(taps);
  const rows = outChannels / groups;
  multiply({
    rows,
    columns: images * area(outSize),
    inner,
    groups,
    left: { tensor: w, row: inner, run: inner, jump: inner, group: rows * inner },
    image: x,
    imageSize: size,
    imageChannels: channels,
    columnsAre: "pixels",
    pixels: { start: [-padding[0], -padding[1]], step: stride, count: outSize },
    taps: { step: dilation, count: taps },
    isPadded: padding[0] + padding[1] > 0,
    product: y,
    productArea: area(outSize),
    productRows: outChannels,
    bias,
  });
}

/** Pixels along one axis that the same taps reach: every stride-th one. Pixel i is `first + stride·i` of the image. */
interface Phase {
  readonly first: number;
  readonly count: number;
  /** Taps firstTap, firstTap + tapStep, … of the window. */
  readonly firstTap: number;
  readonly tapStep: number;
  readonly taps: number;
  /** Where pixel 0 meets the first tap in the output, and how far from it the next tap does. */
  readonly start: number;
  readonly step: number;
}

function phasesOf({ size, taps, stride, padding, dilation }: Geometry, axis: 0 | 1): Phase[] {
  const [length, window, apart, pad, far] = [size[axis], taps[axis], stride[axis], padding[axis], dilation[axis]];
  let tapStep = 1;
  while ((tapStep * far) % apart !== 0) tapStep++;
  return Array.from({ length: Math.min(apart, length) }, (_, first) => {
    let firstTap = 0;
    while (firstTap < tapStep && (first + pad - firstTap * far) % apart !== 0) firstTap++;
    const reached = firstTap < tapStep ? Math.max(0, Math.ceil((window - firstTap) / tapStep)) : 0;
    const start = Math.floor((first + pad - firstTap * far) / apart);
    const count = Math.ceil((length - first) / apart);
    return { first, count, firstTap, tapStep, taps: reached, start, step: (-far * tapStep) / apart };
  });
}

/** Pixels of a phase see only its taps, so a strided convolution's gradient is one product for each phase. */
function gradientOfImage(dy: Tensor, w: Tensor, x: Tensor, geometry: Geometry): Tensor {
  const { engine } = dy;
  const { channels, size, stride } = geometry;
  const phases = phasesOf(geometry, 0).flatMap((y) => phasesOf(geometry, 1).map((x): PhasePair => [y, x]));
  const isReached = phases.every(([y, x]) => y.taps * x.taps > 0);
  const dx = isReached ? engine.output("convolution gradient", x.shape) : engine.zeros(x.shape);
  if (area(stride) === 1) {
    if (isReached) gradientOfPhase(dy, w, dx, geometry, phases[0]!);
    return dx;
  }
  const [ofImage, ofChannel] = [channels * area(size), area(size)];
  for (const [y, x] of phases) {
    if (y.taps * x.taps === 0) continue;
    const shape = [geometry.images, channels, y.count, x.count];
    const part = engine.output("convolution gradient", shape);
    gradientOfPhase(dy, w, part, geometry, [y, x]);
    stridedCopy(
      "convolution gradient",
      shape,
      { tensor: part, offset: 0, strides: rowMajorStrides(shape) },
      {
        tensor: dx,
        offset: y.first * size[1] + x.first,
        strides: [ofImage, ofChannel, stride[0] * size[1], stride[1]],
      },
    );
    part.dispose();
  }
  return dx;
}

type PhasePair = readonly [Phase, Phase];

/** Rows are input channels, columns the phase's pixels, the inner axis a group's output channels' taps, backwards. */
function gradientOfPhase(dy: Tensor, w: Tensor, dx: Tensor, geometry: Geometry, [y, x]: PhasePair): void {
  const { images, channels, outChannels, outSize, taps, groups } = geometry;
  const [rows, outs] = [channels / groups, outChannels / groups];
  const ownTaps: Pair = [y.taps, x.taps];
  const isWhole = area(ownTaps) === area(taps);
  const weights = isWhole ? w : dy.engine.output("convolution gradient", [outChannels, rows, ...ownTaps]);
  if (!isWhole) {
    const strides = [rows * area(taps), area(taps), y.tapStep * taps[1], x.tapStep];
    stridedCopy(
      "convolution gradient",
      weights.shape,
      { tensor: w, offset: y.firstTap * taps[1] + x.firstTap, strides },
      { tensor: weights, offset: 0, strides: rowMajorStrides(weights.shape) },
    );
  }
  const run = area(ownTaps);
  multiply({
    rows,
    columns: images * y.count * x.count,
    inner: outs * run,
    groups,
    left: { tensor: weights, row: run, run, jump: rows * run, group: outs * rows * run },
    image: dy,
    imageSize: outSize,
    imageChannels: outChannels,
    columnsAre: "pixels",
    pixels: { start: [y.start, x.start], step: [1, 1], count: [y.count, x.count] },
    taps: { step: [y.step, x.step], count: ownTaps },
    isPadded: true,
    product: dx,
    productArea: y.count * x.count,
    productRows: channels,
    bias: undefined,
  });
  if (!isWhole) weights.dispose();
}

/** Rows are output channels, columns the taps of a group's input channels, the inner axis all images' output pixels. */
function gradientOfWeights(dy: Tensor, w: Tensor, x: Tensor, geometry: Geometry): Tensor {
  const { images, channels, outChannels, size, outSize, taps, stride, padding, dilation, groups } = geometry;
  const dw = dy.engine.output("convolution gradient", w.shape);
  const columns = (channels / groups) * area(taps);
  const rows = outChannels / groups;
  multiply({
    rows,
    columns,
    inner: images * area(outSize),
    groups,
    left: {
      tensor: dy,
      row: area(outSize),
      run: area(outSize),
      jump: outChannels * area(outSize),
      group: rows * area(outSize),
    },
    image: x,
    imageSize: size,
    imageChannels: channels,
    columnsAre: "taps",
    pixels: { start: [-padding[0], -padding[1]], step: stride, count: outSize },
    taps: { step: dilation, count: taps },
    isPadded: padding[0] + padding[1] > 0,
    product: dw,
    productArea: columns,
    productRows: outChannels,
    bias: undefined,
  });
  return dw;
}

const forms = {
  conv1d: { x: "[sequences, channels, length]", w: "[out, channels / groups, window]" },
  conv2d: { x: "[images, channels, height, width]", w: "[out, channels / groups, height, width]" },
} as const;

function describe(
  operation: Operation,
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  options: Pick<Geometry, "stride" | "padding" | "dilation" | "groups">,
): Geometry {
  const { stride, padding, dilation, groups } = options;
  const rank = operation === "conv2d" ? 4 : 3;
  for (const [name, { shape }] of Object.entries({ x, w })) {
    must(
      shape.length === rank,
      "shape",
      () =>
        `${operation}: ${name} must have ${rank} axes, ${forms[operation][name as "x" | "w"]}, ` +
        `got shape ${formatShape(shape)}`,
      "Reshape it, with 1 for axes that are missing.",
    );
  }
  /** A sequence is an image of one row. */
  const asImage = ({ shape }: Tensor): [number, number, number, number] =>
    (rank === 4 ? [...shape] : [shape[0]!, shape[1]!, 1, shape[2]!]) as [number, number, number, number];
  const [images, channels, height, width] = asImage(x);
  const [outChannels, ownChannels, ...taps] = asImage(w);
  must(
    Number.isInteger(groups) && groups >= 1 && channels % groups === 0 && outChannels % groups === 0,
    "value",
    () =>
      `${operation}: groups must be a whole number from 1 that divides the channels of x and of the output, ` +
      `${channels} and ${outChannels}, got ${formatValue(groups)}`,
    "Leave it out for one group, or pass the number of channels for one group a channel.",
  );
  must(
    channels === ownChannels * groups && channels > 0,
    "shape",
    () =>
      groups === 1
        ? `${operation}: x and w must have the same number of channels, from 1, got ${channels} and ${ownChannels}`
        : `${operation}: axis 1 of w must be the ${channels} channels of x divided by ${groups} groups, ` +
          `from 1, got ${ownChannels}`,
    `Axis 1 of both is the channel: x is ${forms[operation].x} and w is ${forms[operation].w}.`,
  );
  const axes = [0, 1] as const;
  const padded = axes.map((axis) => [height, width][axis]! + 2 * padding[axis]);
  const extent = axes.map((axis) => dilation[axis] * (taps[axis]! - 1) + 1);
  must(
    axes.every((axis) => taps[axis]! > 0 && extent[axis]! <= padded[axis]!),
    "shape",
    () =>
      `${operation}: the (dilated) window must be from 1 up to the padded image's ` +
      `${padded.slice(4 - rank).join("×")}, got ${taps
        .map((n, axis) => (n > 0 ? extent[axis] : n))
        .slice(4 - rank)
        .join("×")}`,
    "Use a smaller window, less dilation or more padding.",
  );
  must(
    !bias || (bias.shape.length === 1 && bias.shape[0] === outChannels),
    "shape",
    () =>
      `${operation}: bias must have one number an output channel, [${outChannels}], got ${formatShape(bias!.shape)}`,
    "Axis 0 of w is the output channel.",
  );
  const outSize = axes.map((axis) => Math.floor((padded[axis]! - extent[axis]!) / stride[axis]) + 1);
  return {
    images,
    channels,
    outChannels,
    size: [height, width],
    outSize: outSize as unknown as Pair,
    taps: taps as Pair,
    stride,
    padding,
    dilation,
    groups,
  };
}
