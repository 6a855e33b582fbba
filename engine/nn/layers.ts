import type { Engine } from "../engine.js";
import { formatShape, formatValue, must } from "../error.js";
import { requireFlag, requireOptions, requireTensor } from "../ops/arguments.js";
import { add } from "../ops/elementwise.js";
import { matmul } from "../ops/matmul.js";
import { reshape } from "../ops/shape.js";
import type { Tensor } from "../tensor.js";
import { requireCount, requireEngine } from "./arguments.js";
import { kaimingUniform, uniformWithin } from "./init.js";
import { flattenParameters, type ParameterTree } from "./parameters.js";

/**
 * A function of a tensor with parameters of its own, which outlive scopes.
 * To write one, extend this and give `forward` and `parameters` (and `buffers`, if it has any).
 */
export abstract class Layer {
  /** The parameters by name, as optimisers take them. */
  abstract readonly parameters: ParameterTree;

  /** What changes in training without a gradient, by name, such as running statistics. */
  get buffers(): ParameterTree {
    return {};
  }

  /** Parameters and buffers by their full names, to be saved and loaded; see {@link saveSafetensors}. */
  get state(): Record<string, Tensor> {
    return Object.fromEntries([this.parameters, this.buffers].flatMap((tree) => flattenParameters(tree)));
  }

  /** What it makes of x; shapes and errors are the layer's own. */
  abstract forward(x: Tensor): Tensor;

  /** Behaves as in training. Returns the layer. */
  train(): this {
    return this;
  }

  /** Behaves as at test time. Returns the layer. */
  eval(): this {
    return this;
  }

  /** Frees the parameters and buffers. */
  dispose(): void {
    for (const tensor of Object.values(this.state)) tensor.dispose();
  }
}

/**
 * y = x·Wᵀ + b over the last axis: [..., inputs] → [..., outputs].
 * W is [outputs, inputs] and b [outputs], both uniform in ±1/√inputs at first, as PyTorch's.
 */
export class Linear extends Layer {
  /** `[outputs, inputs]`. */
  readonly weight: Tensor;
  /** `[outputs]`, or null where there is none. */
  readonly bias: Tensor | null;

  /**
   * @param options.bias whether there is one; true by default
   * @throws ImleError `value` where inputs or outputs is no whole number from 1
   */
  constructor(
    engine: Engine,
    /** Length of the last axis of x. */
    readonly inputs: number,
    /** Length of the last axis of the result. */
    readonly outputs: number,
    options: { bias?: boolean } = {},
  ) {
    super();
    requireEngine("Linear", engine);
    requireOptions("Linear", options, ["bias"]);
    requireCount("Linear", "inputs", inputs);
    requireCount("Linear", "outputs", outputs);
    const { bias = true } = options;
    requireFlag("Linear", "bias", bias);
    this.weight = kaimingUniform(engine, [outputs, inputs]);
    this.bias = bias ? uniformWithin(engine, [outputs], 1 / Math.sqrt(inputs), "bias") : null;
  }

  get parameters(): Record<string, Tensor> {
    return named(this.weight, this.bias);
  }

  /** From [..., inputs] to [..., outputs]. @throws ImleError `shape` unless the last axis of x has `inputs` elements */
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

/** What {@link Sequential} is made of: layers, and functions such as `relu`, which may have train() and eval() too. */
export type LayerLike = Layer | (((x: Tensor) => Tensor) & { train?(): unknown; eval?(): unknown });

/** Layers and functions, one after the other; its parameters are named by their place: `0.weight`, `2.bias`, … */
export class Sequential extends Layer {
  /** In the order in which x goes through them. */
  readonly layers: readonly LayerLike[];

  /** @throws ImleError `value` where one is neither a layer nor a function */
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
    return this.collect((layer) => layer.parameters);
  }

  override get buffers(): Record<string, ParameterTree> {
    return this.collect((layer) => layer.buffers);
  }

  /** x through all of them. */
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

  private collect(tree: (layer: Layer) => ParameterTree): Record<string, ParameterTree> {
    const own = this.layers.flatMap((layer, i) =>
      typeof layer === "function" ? [] : [[String(i), tree(layer)] as const],
    );
    return Object.fromEntries(own.filter(([, found]) => Object.keys(found).length > 0));
  }
}

/** Parameters of a layer whose bias may be missing. */
export function named(weight: Tensor, bias: Tensor | null): Record<string, Tensor> {
  return bias ? { weight, bias } : { weight };
}
