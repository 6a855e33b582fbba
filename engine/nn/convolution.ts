import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import { requireFlag, requireOptions } from "../ops/arguments.js";
import { conv1d, type Conv1dOptions, conv2d, type Conv2dOptions } from "../ops/convolution.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { requireCount, requireEngine } from "./arguments.js";
import { kaimingUniform, uniformWithin } from "./init.js";
import { Layer, named } from "./layers.js";

/** What {@link Conv1d} takes. */
export interface Conv1dLayerOptions extends Omit<Conv1dOptions, "bias"> {
  /** Whether there is a bias to learn; true by default. */
  bias?: boolean;
}

/** What {@link Conv2d} takes. */
export interface Conv2dLayerOptions extends Omit<Conv2dOptions, "bias"> {
  /** Whether there is a bias to learn; true by default. */
  bias?: boolean;
}

/** Weights and bias are uniform in ±1/√(inputs / groups × window) at first, as PyTorch's. */
abstract class Convolution<Options extends Conv1dOptions | Conv2dOptions> extends Layer {
  /** `[outputs, inputs / groups, ...window]`. */
  readonly weight: Tensor;
  /** `[outputs]`, or null where there is none. */
  readonly bias: Tensor | null;
  protected readonly options: Options;

  protected constructor(
    operation: string,
    engine: Engine,
    /** Channels of x. */
    readonly inputs: number,
    /** Channels of the result. */
    readonly outputs: number,
    window: readonly number[],
    options: Omit<Options, "bias"> & { bias?: boolean },
  ) {
    super();
    requireEngine(operation, engine);
    requireOptions(operation, options, ["stride", "padding", "dilation", "groups", "bias"]);
    const { bias = true, ...rest } = options;
    const { groups = 1 } = rest;
    requireFlag(operation, "bias", bias);
    requireCount(operation, "inputs", inputs);
    requireCount(operation, "outputs", outputs);
    requireCount(operation, "groups", groups);
    const axes = window.length === 1 ? ["length"] : ["height", "width"];
    window.forEach((length, i) => requireCount(operation, `the window's ${axes[i]}`, length));
    must(
      inputs % groups === 0 && outputs % groups === 0,
      "value",
      () => `${operation}: groups must divide inputs and outputs, ${inputs} and ${outputs}, got ${formatValue(groups)}`,
      "Leave it out for one group.",
    );
    this.options = rest as unknown as Options;
    this.weight = kaimingUniform(engine, [outputs, inputs / groups, ...window]);
    const bound = 1 / Math.sqrt((inputs / groups) * sizeOf(window));
    this.bias = bias ? uniformWithin(engine, [outputs], bound, "bias") : null;
  }

  get parameters(): Record<string, Tensor> {
    return named(this.weight, this.bias);
  }
}

/**
 * A convolution of sequences [batch, inputs, length] with `outputs` windows; the weights are
 * [outputs, inputs / groups, window]. Weights and bias are uniform in ±1/√(inputs / groups × window) at first, as
 * PyTorch's.
 */
export class Conv1d extends Convolution<Conv1dOptions> {
  /**
   * @param inputs channels of x, from 1
   * @param outputs channels of the result, from 1
   * @param window its length, from 1
   * @throws ImleError `value` where a number is none of its range, or groups do not divide the channels
   */
  constructor(engine: Engine, inputs: number, outputs: number, window: number, options: Conv1dLayerOptions = {}) {
    super("Conv1d", engine, inputs, outputs, [window], options);
  }

  /** From [batch, inputs, length] to [batch, outputs, …]; lengths and errors are those of {@link conv1d}. */
  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, { ...this.options, ...(this.bias && { bias: this.bias }) });
  }
}

/**
 * A convolution of images [batch, inputs, height, width] with `outputs` windows: NCHW; the weights are
 * [outputs, inputs / groups, height, width]. Weights and bias are uniform in ±1/√(inputs / groups × height × width) at
 * first, as PyTorch's.
 */
export class Conv2d extends Convolution<Conv2dOptions> {
  /**
   * @param inputs channels of x, from 1
   * @param outputs channels of the result, from 1
   * @param window height and width of the window, or one number for both, from 1
   * @throws ImleError `value` where a number is none of its range, or groups do not divide the channels
   */
  constructor(
    engine: Engine,
    inputs: number,
    outputs: number,
    window: number | readonly [height: number, width: number],
    options: Conv2dLayerOptions = {},
  ) {
    const lengths = Array.isArray(window) ? (window as readonly number[]) : [window as number, window as number];
    must(
      lengths.length === 2,
      "value",
      () => `Conv2d: the window must be a number or a pair, got ${formatValue(window)}`,
      "A pair is [height, width].",
    );
    super("Conv2d", engine, inputs, outputs, lengths, options);
  }

  /** From [batch, inputs, height, width] to [batch, outputs, …]; sizes and errors are those of {@link conv2d}. */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, { ...this.options, ...(this.bias && { bias: this.bias }) });
  }
}
