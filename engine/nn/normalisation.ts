import type { Engine } from "../engine.js";
import { formatShape, formatValue, must } from "../error.js";
import { requireFlag, requireOptions, requireTensor } from "../ops/arguments.js";
import { batchNorm, requireEpsilon } from "../ops/batch-norm.js";
import { layerNorm } from "../ops/layer-norm.js";
import type { Tensor } from "../tensor.js";
import { requireCount, requireEngine } from "./arguments.js";
import { Layer } from "./layers.js";

/** What {@link BatchNorm1d} and {@link BatchNorm2d} take. */
export interface BatchNormLayerOptions {
  /** The share of a batch in the new running statistics, from 0 to 1; 0.1 by default. */
  momentum?: number;
  /** Added to the variance; 1e-5 by default. */
  epsilon?: number;
  /** Whether there are a weight and a bias to learn; true by default. */
  affine?: boolean;
}

/**
 * Normalises each channel by the batch while training, and by the running statistics after `eval()`: see
 * {@link batchNorm}. The weight begins with ones, the bias with zeros.
 */
abstract class BatchNorm extends Layer {
  /** `[channels]`, or null where there is none. */
  readonly weight: Tensor | null;
  /** `[channels]`, or null where there is none. */
  readonly bias: Tensor | null;
  /** Moving average of the batches' means, `[channels]`, changed by every `forward` while training. */
  readonly runningMean: Tensor;
  /** The same of their unbiased variances. */
  readonly runningVariance: Tensor;
  private readonly momentum: number;
  private readonly epsilon: number;
  private isTraining = true;

  protected constructor(
    private readonly operation: string,
    private readonly form: string,
    private readonly ranks: readonly number[],
    engine: Engine,
    /** Length of axis 1. */
    readonly channels: number,
    options: BatchNormLayerOptions,
  ) {
    super();
    requireEngine(operation, engine);
    requireOptions(operation, options, ["momentum", "epsilon", "affine"]);
    const { momentum = 0.1, epsilon = 1e-5, affine = true } = options;
    requireCount(operation, "channels", channels);
    must(
      typeof momentum === "number" && momentum >= 0 && momentum <= 1,
      "value",
      () => `${operation}: momentum must be a number from 0 to 1, got ${formatValue(momentum)}`,
      "Pass the share of the new batch, such as 0.1.",
    );
    requireEpsilon(operation, epsilon);
    requireFlag(operation, "affine", affine);
    this.momentum = momentum;
    this.epsilon = epsilon;
    this.weight = affine ? engine.ones([channels], { requiresGrad: true, label: "weight" }).keep() : null;
    this.bias = affine ? engine.zeros([channels], { requiresGrad: true, label: "bias" }).keep() : null;
    this.runningMean = engine.zeros([channels], { label: "running mean" }).keep();
    this.runningVariance = engine.ones([channels], { label: "running variance" }).keep();
  }

  get parameters(): Record<string, Tensor> {
    return { ...(this.weight && { weight: this.weight }), ...(this.bias && { bias: this.bias }) };
  }

  /**
   * x normalised, of its shape; while training the running statistics change.
   *
   * @throws ImleError `shape` where x has another rank or number of channels, or a channel a single number to train on
   */
  forward(x: Tensor): Tensor {
    requireTensor(this.operation, "x", x, ["f32"]);
    must(
      this.ranks.includes(x.shape.length) && x.shape[1] === this.channels,
      "shape",
      () =>
        `${this.operation}: x must be ${this.form} with ${this.channels} channels, got shape ${formatShape(x.shape)}`,
      "Reshape x, or make the layer with other channels.",
    );
    const { weight, bias, runningMean, runningVariance, momentum, epsilon } = this;
    return batchNorm(x, {
      ...(weight && { weight }),
      ...(bias && { bias }),
      runningMean,
      runningVariance,
      training: this.isTraining,
      momentum,
      epsilon,
    });
  }

  override train(): this {
    this.isTraining = true;
    return this;
  }

  override eval(): this {
    this.isTraining = false;
    return this;
  }

  override get buffers(): Record<string, Tensor> {
    return { runningMean: this.runningMean, runningVariance: this.runningVariance };
  }
}

/**
 * Batch normalisation of vectors or sequences, `[batch, channels]` or `[batch, channels, length]` (Ioffe, Szegedy
 * 2015): by the batch while training, by the running statistics after `eval()`; see {@link batchNorm}.
 *
 * @throws ImleError `value` where channels is no whole number from 1, or an option is out of its range
 */
export class BatchNorm1d extends BatchNorm {
  constructor(engine: Engine, channels: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm1d", "[batch, channels] or [batch, channels, length]", [2, 3], engine, channels, options);
  }
}

/**
 * Batch normalisation of images, `[batch, channels, height, width]` (Ioffe, Szegedy 2015): by the batch while training,
 * by the running statistics after `eval()`; see {@link batchNorm}.
 *
 * @throws ImleError `value` where channels is no whole number from 1, or an option is out of its range
 */
export class BatchNorm2d extends BatchNorm {
  constructor(engine: Engine, channels: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm2d", "[batch, channels, height, width]", [4], engine, channels, options);
  }
}

/**
 * Normalises each row along the last axis, see {@link layerNorm}. The weight begins with ones, the bias with zeros;
 * training or not makes no difference.
 */
export class LayerNorm extends Layer {
  /** `[length]`, or null where there is none. */
  readonly weight: Tensor | null;
  /** `[length]`, or null where there is none. */
  readonly bias: Tensor | null;
  private readonly epsilon: number;

  /**
   * @param length of the last axis
   * @param options.affine whether there are a weight and a bias to learn; true by default
   * @param options.epsilon added to the variance, above 0; 1e-5 by default
   * @throws ImleError `value` where one is out of its range
   */
  constructor(
    engine: Engine,
    readonly length: number,
    options: { epsilon?: number; affine?: boolean } = {},
  ) {
    super();
    requireEngine("LayerNorm", engine);
    requireOptions("LayerNorm", options, ["epsilon", "affine"]);
    const { epsilon = 1e-5, affine = true } = options;
    requireCount("LayerNorm", "length", length);
    requireEpsilon("LayerNorm", epsilon);
    requireFlag("LayerNorm", "affine", affine);
    this.epsilon = epsilon;
    this.weight = affine ? engine.ones([length], { requiresGrad: true, label: "weight" }).keep() : null;
    this.bias = affine ? engine.zeros([length], { requiresGrad: true, label: "bias" }).keep() : null;
  }

  get parameters(): Record<string, Tensor> {
    return { ...(this.weight && { weight: this.weight }), ...(this.bias && { bias: this.bias }) };
  }

  /** x normalised, of its shape. @throws ImleError `shape` unless the last axis of x has `length` elements */
  forward(x: Tensor): Tensor {
    requireTensor("LayerNorm", "x", x, ["f32"]);
    must(
      x.shape.at(-1) === this.length,
      "shape",
      () => `LayerNorm: the last axis of x must have ${this.length} elements, got shape ${formatShape(x.shape)}`,
      "Reshape x, or make the layer with another length.",
    );
    const { weight, bias, epsilon } = this;
    return layerNorm(x, { ...(weight && { weight }), ...(bias && { bias }), epsilon });
  }
}
