import { constants, type Piece } from "../compose.js";
import { holdsVectors, type Slice } from "../commands.js";
import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import type { Tensor } from "../tensor.js";
import { flattenParameters, type ParameterTree, requireParameters } from "./parameters.js";

/** Lanes of a workgroup in the kernels that change parameters. */
export const lanes = 64;

/** What every optimiser takes. */
export interface OptimiserOptions {
  /** Leaves that require a gradient, as an array or a tree such as `layer.parameters`. */
  parameters: ParameterTree;
  /** η, from 0. */
  learningRate: number;
}

/**
 * Changes parameters in place, in their own buffers, from their `grad`. All state is on the device, so that a step
 * needs nothing from the host. A parameter without a gradient is left alone, and its state too.
 *
 * Step after backward: what the tape still holds of a parameter is its changed self.
 */
export abstract class Optimiser {
  /** What it changes, in the order of the tree that it was given. */
  readonly parameters: readonly Tensor[];
  protected readonly engine: Engine;
  protected readonly rate: Tensor;
  protected readonly names: readonly string[];
  private rateValue: number;

  constructor(
    private readonly operation: string,
    { parameters, learningRate }: OptimiserOptions,
  ) {
    requireInRange(operation, "learningRate", learningRate, "from 0");
    const { engine, names, tensors } = requireParameters(operation, parameters);
    this.engine = engine;
    this.names = names;
    this.parameters = tensors;
    this.rateValue = learningRate;
    this.rate = engine.tensor([learningRate], { label: `${operation} learning rate` }).keep();
  }

  /**
   * η, from 0; a new one is used from the next step on, in replayed steps too.
   *
   * @throws ImleError `value` where it is none
   */
  get learningRate(): number {
    return this.rateValue;
  }

  set learningRate(value: number) {
    requireInRange(this.operation, "learningRate", value, "from 0");
    this.rate.write(Float32Array.of(value));
    this.rateValue = value;
  }

  /**
   * What the next steps depend on beside the parameters and the learning rate, by name, to be saved and loaded; see
   * {@link saveSafetensors}.
   */
  abstract get state(): ParameterTree;

  /**
   * Changes every parameter that has a gradient, in place.
   *
   * @throws ImleError `disposed` where a parameter is gone: none has changed then
   */
  abstract step(): void;

  /** Frees the state; the parameters stay. */
  dispose(): void {
    for (const [, tensor] of flattenParameters(this.state)) tensor.dispose();
    this.rate.dispose();
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.grad = null;
  }

  /** Zeros like each parameter, that live until the optimiser is disposed. */
  protected zerosLikeParameters(label: string): Tensor[] {
    return this.parameters.map(({ shape }, i) =>
      this.engine.zeros(shape, { label: `${label} of ${this.names[i]}` }).keep(),
    );
  }

  /** A tensor for each parameter, by its name. */
  protected named(tensors: readonly Tensor[]): Record<string, Tensor> {
    return Object.fromEntries(tensors.map((tensor, i) => [this.names[i]!, tensor]));
  }

  /** Parameters with gradients, by index; throws where any parameter is gone, before the step has begun. */
  protected ready(): { index: number; parameter: Slice; gradient: Slice; size: number }[] {
    const operation = `${this.operation}.step`;
    const slices = this.parameters.map((tensor) => tensor.slice(operation));
    return this.parameters.flatMap(({ grad, size }, index) =>
      grad ? [{ index, parameter: slices[index]!, gradient: grad.slice(operation), size }] : [],
    );
  }
}

/** Constants and T of the kernels that change parameters. */
export function elementPieces(width: number): Piece[] {
  return [constants({ LANES: lanes }), { name: "element", text: `alias T = ${width === 4 ? "vec4f" : "f32"};` }];
}

/** Four elements a lane where every buffer has room for the last vector. */
export function vectorWidth(slices: readonly Slice[]): 1 | 4 {
  return slices.every(holdsVectors) ? 4 : 1;
}

const ranges = {
  "from 0": (value: number) => value >= 0,
  "above 0": (value: number) => value > 0,
  "from 0 and below 1": (value: number) => value >= 0 && value < 1,
} as const;

/** Throws unless `value` is a finite number of this range. */
export function requireInRange(operation: string, name: string, value: unknown, range: keyof typeof ranges): void {
  must(
    typeof value === "number" && Number.isFinite(Math.fround(value)) && ranges[range](value),
    "value",
    () => `${operation}: ${name} must be a finite number ${range}, got ${formatValue(value)}`,
    `Pass a number ${range}.`,
  );
}
