import type { Engine } from "../engine.js";
import { formatShape, formatValue, must } from "../error.js";
import { requireOptions, requireTensor } from "../ops/arguments.js";
import { conv2d } from "../ops/convolution.js";
import { add } from "../ops/elementwise.js";
import { matmul } from "../ops/matmul.js";
import { reshape } from "../ops/shape.js";
import type { Tensor } from "../tensor.js";
import { kaimingUniform, uniformParameter } from "./init.js";
import { flattenParameters, type ParameterTree } from "./parameters.js";

/**
 * A function of a tensor with parameters of its own, which outlive scopes.
 * To write one, extend this and give `forward` and `parameters`.
 */
export abstract class Layer {
  /** The parameters by name, as optimisers take them. */
  abstract readonly parameters: ParameterTree;

  abstract forward(x: Tensor): Tensor;

  /** Behaves as in training. Returns the layer. */
  train(): this {
    return this;
  }

  /** Behaves as at test time. Returns the layer. */
  eval(): this {
    return this;
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const [, parameter] of flattenParameters(this.parameters)) parameter.dispose();
  }
}

/**
 * y = x·Wᵀ + b over the last axis: [..., inputs] → [..., outputs].
 * W is [outputs, inputs] and b [outputs], both uniform in ±1/√inputs at first, as PyTorch's.
 */
export class Linear extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(
    engine: Engine,
    readonly inputs: number,
    readonly outputs: number,
    options: { bias?: boolean } = {},
  ) {
    super();
    requireEngine("Linear", engine);
    requireOptions("Linear", options, ["bias"]);
    requireCount("Linear", "inputs", inputs);
    requireCount("Linear", "outputs", outputs);
    this.weight = kaimingUniform(engine, [outputs, inputs]);
    this.bias = options.bias === false ? null : uniformParameter(engine, [outputs], 1 / Math.sqrt(inputs), "bias");
  }

  get parameters(): Record<string, Tensor> {
    return named(this.weight, this.bias);
  }

  /** @throws ImleError `shape` unless the last axis of x has `inputs` elements */
  forward(x: Tensor): Tensor {
    requireTensor("Linear", "x", x, ["f32"]);
    must(
      x.shape.at(-1) === this.inputs,
      "shape",
      () => `Linear: the last axis of x must have ${this.inputs} elements, got shape ${formatShape(x.shape)}`,
      "Reshape x, or make the layer with other inputs.",
    );
    const rows = x.shape.length === 2 ? x : reshape(x, [x.size / this.inputs, this.inputs]);
    const product = matmul(rows, this.weight, { transposeB: true });
    const y = this.bias ? add(product, this.bias) : product;
    return x.shape.length === 2 ? y : reshape(y, [...x.shape.slice(0, -1), this.outputs]);
  }
}

/** What {@link Conv2d} takes. */
export interface Conv2dLayerOptions {
  stride?: number | readonly [number, number];
  padding?: number | readonly [number, number];
  bias?: boolean;
}

/**
 * A convolution of images [batch, inputs, height, width] with `outputs` windows: NCHW, weights OIHW.
 * Weights and bias are uniform in ±1/√(inputs × window) at first, as PyTorch's.
 *
 * @param window height and width of the window, or one number for both
 */
export class Conv2d extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  private readonly options: Pick<Conv2dLayerOptions, "stride" | "padding">;

  constructor(
    engine: Engine,
    readonly inputs: number,
    readonly outputs: number,
    window: number | readonly [height: number, width: number],
    options: Conv2dLayerOptions = {},
  ) {
    super();
    requireEngine("Conv2d", engine);
    requireOptions("Conv2d", options, ["stride", "padding", "bias"]);
    const { bias = true, stride = 1, padding = 0 } = options;
    const [height, width] = typeof window === "number" ? [window, window] : window;
    requireCount("Conv2d", "inputs", inputs);
    requireCount("Conv2d", "outputs", outputs);
    requireCount("Conv2d", "the window's height", height);
    requireCount("Conv2d", "the window's width", width);
    this.options = { stride, padding };
    this.weight = kaimingUniform(engine, [outputs, inputs, height, width]);
    const bound = 1 / Math.sqrt(inputs * height * width);
    this.bias = bias ? uniformParameter(engine, [outputs], bound, "bias") : null;
  }

  get parameters(): Record<string, Tensor> {
    return named(this.weight, this.bias);
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, { ...this.options, ...(this.bias && { bias: this.bias }) });
  }
}

/** What {@link Sequential} is made of: layers, and functions such as `relu`, which may have train() and eval() too. */
export type LayerLike = Layer | (((x: Tensor) => Tensor) & { train?(): unknown; eval?(): unknown });

/** Layers and functions, one after the other; its parameters are named by their place: `0.weight`, `2.bias`, … */
export class Sequential extends Layer {
  readonly layers: readonly LayerLike[];

  constructor(...layers: LayerLike[]) {
    super();
    layers.forEach((layer, i) =>
      must(
        typeof layer === "function" || typeof layer?.forward === "function",
        "value",
        () => `Sequential: each argument must be a layer or a function, got ${formatValue(layer)} at ${i}`,
        "Pass layers and functions such as relu.",
      ),
    );
    this.layers = layers;
  }

  get parameters(): Record<string, ParameterTree> {
    const own = this.layers.flatMap((layer, i) =>
      typeof layer === "function" ? [] : [[String(i), layer.parameters] as const],
    );
    return Object.fromEntries(own.filter(([, parameters]) => Object.keys(parameters).length > 0));
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => (typeof layer === "function" ? layer(y) : layer.forward(y)), x);
  }

  override train(): this {
    for (const layer of this.layers) layer.train?.();
    return this;
  }

  override eval(): this {
    for (const layer of this.layers) layer.eval?.();
    return this;
  }

  /** Frees what its layers hold. */
  override dispose(): void {
    for (const layer of this.layers) if (typeof layer !== "function") layer.dispose();
  }
}

function named(weight: Tensor, bias: Tensor | null): Record<string, Tensor> {
  return bias ? { weight, bias } : { weight };
}

/** Throws unless `value` is a whole number from 1. */
/** Throws unless a layer's first argument is an engine. */
export function requireEngine(operation: string, engine: unknown): void {
  must(
    typeof (engine as Engine | undefined)?.dispatch === "function",
    "value",
    () => `${operation}: the first argument must be an Engine, got ${formatValue(engine)}`,
    `Write new ${operation}(engine, …).`,
  );
}

export function requireCount(operation: string, name: string, value: unknown): void {
  must(
    typeof value === "number" && Number.isInteger(value) && value >= 1,
    "value",
    () => `${operation}: ${name} must be a whole number from 1, got ${formatValue(value)}`,
    "Pass a size such as 64.",
  );
}
