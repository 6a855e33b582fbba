import finishSource from "../../kernels/batch-norm-finish.wgsl";
import gradientSource from "../../kernels/batch-norm-gradient.wgsl";
import gradientSums from "../../kernels/batch-norm-gradient-sums.wgsl";
import momentsSource from "../../kernels/batch-norm-moments.wgsl";
import runningSource from "../../kernels/batch-norm-running.wgsl";
import updateSource from "../../kernels/batch-norm-update.wgsl";
import source from "../../kernels/batch-norm.wgsl";
import moments from "../../kernels/lib/moments.wgsl";
import type { Slice } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import { formatShape, formatValue, must } from "../error.js";
import { sizeOf } from "../shape.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { type Factor, factorBuffers, factorPieces, factorVariant } from "./affine.js";
import { requireOptions, requireTensor } from "./arguments.js";
import {
  channelLanes,
  channelTypes,
  type ChannelView,
  groupChannels,
  reduceChannels,
  sumChannels,
} from "./channels.js";
import { mapElements } from "./map.js";
import { rowTypes } from "./rows.js";

/** Options of {@link batchNorm}. All tensors have one number a channel, `[channels]`, f32. */
export interface BatchNormOptions {
  /** What the normalised channel is multiplied with; by default 1. */
  weight?: Tensor;
  /** What is added to it; by default 0. */
  bias?: Tensor;
  /** Moving average of the batches' means, changed in place while training; needed where `training` is false. */
  runningMean?: Tensor;
  /** The same of their unbiased variances; one is given with the other. */
  runningVariance?: Tensor;
  /** Whether to normalise by the batch's own mean and variance, or by the running ones. */
  training: boolean;
  /** The share of the batch in the new running statistics, from 0 to 1; 0.1 by default. */
  momentum?: number;
  /** ε, added to the variance, above 0; 1e-5 by default. */
  epsilon?: number;
}

/** Mean, and 1/√(variance + ε), of each channel (or row). */
export interface Statistics {
  readonly means: Tensor;
  readonly inverses: Tensor;
}

type Running = Readonly<Record<"mean" | "variance", Tensor>>;

const optionNames = ["weight", "bias", "runningMean", "runningVariance", "training", "momentum", "epsilon"];

/**
 * (x − mean)/√(variance + ε)·weight + bias, channel by channel (Ioffe, Szegedy 2015), axis 1 being the channel.
 *
 * While training, mean and (biased) variance are the batch's, and the running statistics take up their share of its
 * mean and unbiased variance, on the device; else they are the running ones. Variances do not suffer from means far
 * from 0.
 *
 * @param x `[batch, channels]`, `[batch, channels, length]` or `[batch, channels, height, width]`, f32
 * @throws ImleError `shape` where x has another rank, a tensor is not `[channels]`, or a channel has a single number to
 * train on; `value` where an option is out of range or running statistics are missing; `buffer` where running
 * statistics share a buffer with another operand
 */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  requireOptions("batchNorm", options, optionNames);
  const { weight, bias, training, momentum = 0.1, epsilon = 1e-5 } = options;
  const running = check(x, { ...options, momentum, epsilon });
  const { engine, shape } = x;
  const view = { images: shape[0]!, channels: shape[1]!, inner: sizeOf(shape.slice(2)) };
  return engine.scope(() => {
    const y = engine.output("batchNorm", shape);
    let statistics: Statistics;
    const none = (): Tensor => engine.output("batchNorm", [0]);
    if (x.size === 0) statistics = { means: none(), inverses: none() };
    else if (training) statistics = statisticsOf(x, view, epsilon, { running, momentum });
    else statistics = runningStatistics(running!, epsilon);
    normaliseChannels("batchNorm", x, y, view, statistics, weight, bias);
    record({
      label: "batchNorm",
      inputs: [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])],
      outputs: [y],
      saved: [x, statistics.means, statistics.inverses, ...(weight ? [weight] : [])],
      backward: ([dy]) => {
        const isParametric = weight?.requiresGrad || bias?.requiresGrad;
        const needsSums = isParametric || (training && x.requiresGrad);
        const sums = needsSums ? gradientSumsOf(x, dy!, view, statistics) : null;
        const slope = (): Tensor =>
          training
            ? channelGradient("batchNorm", x, dy!, view, statistics, sums!, weight)
            : unnormalised(dy!, view, statistics, weight);
        return [
          x.requiresGrad ? slope() : null,
          ...(weight ? [sums && sums.products] : []),
          ...(bias ? [sums && sums.sums] : []),
        ];
      },
    });
    return y;
  });
}

/** Mean and inverse deviation of each channel, from the data, in two dispatches; running statistics move along. */
export function statisticsOf(
  x: Tensor,
  view: ChannelView,
  epsilon: number,
  { running, momentum = 0 }: { running?: Running | null; momentum?: number } = {},
): Statistics {
  const { engine } = x;
  const label = "channel statistics";
  const { channels, inner } = view;
  const { parts, splits } = reduceChannels(engine, {
    label: "channel moments",
    view,
    pieces: [
      { name: "kernels/lib/moments.wgsl", text: moments },
      { name: "kernels/batch-norm-moments.wgsl", text: momentsSource },
    ],
    buffers: { x: x.slice(label) },
    fields: 3,
  });
  const [means, inverses] = [engine.output(label, [channels]), engine.output(label, [channels])];
  engine.dispatch({
    kernel: engine.kernel(`${label}:${running ? "running" : "alone"}`, () => [
      constants({ LANES: channelLanes }),
      rowTypes("scalars"),
      { name: "kernels/lib/moments.wgsl", text: moments },
      running ? { name: "kernels/batch-norm-update.wgsl", text: updateSource } : withoutRunning,
      { name: "kernels/batch-norm-finish.wgsl", text: finishSource },
    ]),
    buffers: {
      x: x.slice(label),
      parts: parts.slice(label),
      means: means.slice(label),
      inverses: inverses.slice(label),
      ...(running && { running_mean: running.mean.slice(label), running_variance: running.variance.slice(label) }),
    },
    uniforms: { count: channels, splits, inner, epsilon, momentum },
    workgroups: Math.ceil(channels / channelLanes),
  });
  parts.dispose();
  return { means, inverses };
}

const withoutRunning: Piece = {
  name: "without running statistics",
  text: "fn update_running(channel: u32, mean: f32, variance: f32) {}",
};

function runningStatistics(running: Running, epsilon: number): Statistics {
  const { engine, shape, size } = running.mean;
  const label = "running statistics";
  const [means, inverses] = [engine.output(label, shape), engine.output(label, shape)];
  engine.dispatch({
    kernel: engine.kernel(label, () => [
      constants({ LANES: channelLanes }),
      { name: "kernels/batch-norm-running.wgsl", text: runningSource },
    ]),
    buffers: {
      running_mean: running.mean.slice(label),
      running_variance: running.variance.slice(label),
      means: means.slice(label),
      inverses: inverses.slice(label),
    },
    uniforms: { count: size, epsilon },
    workgroups: Math.ceil(size / channelLanes),
  });
  return { means, inverses };
}

/** y = (x − mean)·inverse·weight + bias. */
export function normaliseChannels(
  label: string,
  x: Tensor,
  y: Tensor,
  view: ChannelView,
  { means, inverses }: Statistics,
  weight?: Tensor,
  bias?: Tensor,
): void {
  perElement(label, x, view, {
    piece: { name: "kernels/batch-norm.wgsl", text: source },
    buffers: { x: x.slice(label), y: y.slice(label), means: means.slice(label), inverses: inverses.slice(label) },
    factors: [
      { name: "weight", tensor: weight, binding: 5 },
      { name: "bias", tensor: bias, binding: 6 },
    ],
  });
}

/** dx where the statistics are x's own; `sums` are those of dy over each channel. */
export function channelGradient(
  label: string,
  x: Tensor,
  dy: Tensor,
  view: ChannelView,
  { means, inverses }: Statistics,
  { sums, products }: { sums: Tensor; products: Tensor },
  weight?: Tensor,
): Tensor {
  const dx = dy.engine.output(label, x.shape);
  perElement(label, dx, view, {
    piece: { name: "kernels/batch-norm-gradient.wgsl", text: gradientSource },
    buffers: {
      x: x.slice(label),
      dy: dy.slice(label),
      means: means.slice(label),
      inverses: inverses.slice(label),
      sums: sums.slice(label),
      products: products.slice(label),
      dx: dx.slice(label),
    },
    factors: [{ name: "weight", tensor: weight, binding: 8 }],
    uniforms: { share: 1 / (view.images * view.inner) },
  });
  return dx;
}

/** Σ dy and Σ dy·x̂ of each channel: the gradients of bias and weight. */
export function gradientSumsOf(
  x: Tensor,
  dy: Tensor,
  view: ChannelView,
  { means, inverses }: Statistics,
): { sums: Tensor; products: Tensor } {
  const label = "batchNorm gradient";
  return sumChannels(dy.engine, {
    label,
    view,
    pieces: [{ name: "kernels/batch-norm-gradient-sums.wgsl", text: gradientSums }],
    buffers: {
      x: x.slice(label),
      dy: dy.slice(label),
      means: means.slice(label),
      inverses: inverses.slice(label),
    },
  });
}

/** dx where the statistics are constants. */
function unnormalised(dy: Tensor, view: ChannelView, { inverses }: Statistics, weight?: Tensor): Tensor {
  const { images, channels, inner } = view;
  const dx = mapElements(dy.engine, {
    label: "batchNorm slope",
    expression: "dy * (inverse * weight)",
    dtype: "f32",
    operands: {
      dy: dy.alias([images, channels, inner]),
      inverse: dy.size === 0 ? 1 : inverses.alias([channels, 1]),
      weight: weight?.alias([channels, 1]) ?? 1,
    },
    shape: [images, channels, inner],
  });
  return dx.alias(dy.shape);
}

interface PerElement {
  readonly piece: Piece;
  readonly buffers: Readonly<Record<string, Slice>>;
  readonly factors: readonly Factor[];
  readonly uniforms?: Readonly<Record<string, number>>;
}

/** One lane for each element of `like`, or for four. */
function perElement(
  label: string,
  like: Tensor,
  view: ChannelView,
  { piece, buffers, factors, uniforms }: PerElement,
): void {
  const { engine, size } = like;
  const { grouping, channels, inner } = groupChannels(view);
  const count = grouping === "scalars" ? size : size / 4;
  engine.dispatch({
    kernel: engine.kernel(
      `${piece.name}:${grouping}:${factorVariant(factors)}`,
      () => [constants({ LANES: channelLanes }), ...channelTypes(grouping), ...factorPieces(factors, "W"), piece],
      label,
    ),
    buffers: { ...buffers, ...factorBuffers(label, factors) },
    uniforms: { count, channels, inner, ...uniforms },
    workgroups: Math.ceil(count / channelLanes),
  });
}

/** Everything that can be wrong with a call; returns the running statistics, if they were given. */
function check(x: Tensor, options: BatchNormOptions & { momentum: number; epsilon: number }): Running | null {
  const { weight, bias, runningMean, runningVariance, training, momentum, epsilon } = options;
  requireTensor("batchNorm", "x", x, ["f32"]);
  const { shape } = x;
  must(
    shape.length >= 2 && shape.length <= 4,
    "shape",
    () => `batchNorm: x must have 2 to 4 axes, [batch, channels, ...], got shape ${formatShape(shape)}`,
    "Axis 1 is the channel; use reshape to add or merge axes.",
  );
  const given = Object.entries({ weight, bias, runningMean, runningVariance }).filter(([, one]) => one !== undefined);
  for (const [name, tensor] of given) requireVector("batchNorm", name, tensor, shape[1]!, "channel");
  x.engine.check("batchNorm", [x, ...given.map(([, tensor]) => tensor!)]);
  must(
    typeof training === "boolean",
    "value",
    () => `batchNorm: training must be true or false, got ${formatValue(training)}`,
    "true normalises by the batch, false by the running statistics.",
  );
  must(
    typeof momentum === "number" && momentum >= 0 && momentum <= 1,
    "value",
    () => `batchNorm: momentum must be a number from 0 to 1, got ${formatValue(momentum)}`,
    "Pass the share of the new batch, such as 0.1.",
  );
  requireEpsilon("batchNorm", epsilon);
  must(
    (runningMean === undefined) === (runningVariance === undefined) && (training || runningMean !== undefined),
    "value",
    () =>
      "batchNorm: runningMean and runningVariance must both be given" +
      `${training ? ", or neither" : " unless training"}, ` +
      `got ${runningMean ? "the first" : runningVariance ? "the second" : "none"}`,
    "Pass zeros and ones at first.",
  );
  const perChannel = x.size / Math.max(shape[1]!, 1);
  must(
    !training || perChannel !== 1,
    "shape",
    () => `batchNorm: a channel must have at least 2 numbers to train on, got 1 (shape ${formatShape(shape)})`,
    "Use a larger batch, or training: false.",
  );
  if (!runningMean || !runningVariance) return null;
  if (training) requireOwnBuffers(x, { weight, bias, runningMean, runningVariance });
  return { mean: runningMean, variance: runningVariance };
}

/** What is changed in place must be no operand of the tape, and lie in a buffer that no other operand has. */
function requireOwnBuffers(x: Tensor, given: Readonly<Record<string, Tensor | undefined>>): void {
  const operands: readonly [string, Tensor | undefined][] = [["x", x], ...Object.entries(given)];
  for (const name of ["runningMean", "runningVariance"]) {
    const tensor = given[name]!;
    must(
      !tensor.requiresGrad,
      "value",
      () => `batchNorm: ${name} must not require a gradient while training changes it, got one that does`,
      "Make it without requiresGrad, outside of what is differentiated.",
    );
    const other = operands.find(
      ([otherName, one]) => otherName !== name && one?.storage.sharesBuffer(tensor.storage),
    );
    must(
      other === undefined,
      "buffer",
      () => `batchNorm: ${name}, which training changes, must have a buffer of its own, got that of ${other![0]}`,
      "Make a tensor for each.",
    );
  }
}

/** Throws unless `value` is an f32 vector with one number for each channel, feature or whatever `of` says. */
export function requireVector(operation: string, name: string, value: unknown, length: number, of: string): void {
  requireTensor(operation, name, value, ["f32"]);
  const { shape } = value;
  must(
    shape.length === 1 && shape[0] === length,
    "shape",
    () => `${operation}: ${name} must have one number a ${of}, shape [${length}], got ${formatShape(shape)}`,
    "Make it with the length of that axis of x.",
  );
}

/** Throws unless it is a positive number, also in f32. */
export function requireEpsilon(operation: string, epsilon: unknown): void {
  must(
    typeof epsilon === "number" && epsilon >= 1e-37 && epsilon <= 1e37,
    "value",
    () => `${operation}: epsilon must be a number above 0 (1e-37 to 1e37), got ${formatValue(epsilon)}`,
    "Pass a small number such as 1e-5.",
  );
}
