import adamSource from "../../kernels/adam.wgsl";
import advanceSource from "../../kernels/adam-advance.wgsl";
import momentumSource from "../../kernels/sgd-momentum.wgsl";
import sgdSource from "../../kernels/sgd.wgsl";
import { constants, type Piece } from "../compose.js";
import { holdsVectors, type Slice } from "../commands.js";
import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import { requireOptions } from "../ops/arguments.js";
import type { Tensor } from "../tensor.js";
import { type ParameterTree, requireParameters } from "./parameters.js";

const lanes = 64;

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
abstract class Optimiser {
  readonly parameters: readonly Tensor[];
  protected readonly engine: Engine;
  protected readonly rate: Tensor;
  protected readonly names: readonly string[];
  private rateValue: number;

  constructor(
    private readonly operation: string,
    { parameters, learningRate }: OptimiserOptions,
  ) {
    requireNumber(operation, "learningRate", learningRate, learningRate >= 0, "from 0");
    const { engine, names, tensors } = requireParameters(operation, parameters);
    this.engine = engine;
    this.names = names;
    this.parameters = tensors;
    this.rateValue = learningRate;
    this.rate = engine.tensor([learningRate], { label: `${operation} learning rate` }).keep();
  }

  /** η; a new one is used from the next step on, in replayed steps too. */
  get learningRate(): number {
    return this.rateValue;
  }

  set learningRate(value: number) {
    requireNumber(this.operation, "learningRate", value, value >= 0, "from 0");
    this.rate.write(Float32Array.of(value));
    this.rateValue = value;
  }

  /** Changes every parameter that has a gradient. */
  abstract step(): void;

  /** Frees the state; the parameters stay. */
  abstract dispose(): void;

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

  /** Parameters with gradients, by index; throws where any parameter is gone, before the step has begun. */
  protected ready(): { index: number; parameter: Slice; gradient: Slice; size: number }[] {
    const operation = `${this.operation}.step`;
    const slices = this.parameters.map((tensor) => tensor.slice(operation));
    return this.parameters.flatMap(({ grad, size }, index) =>
      grad ? [{ index, parameter: slices[index]!, gradient: grad.slice(operation), size }] : [],
    );
  }
}

/** What {@link SGD} takes. */
export interface SGDOptions extends OptimiserOptions {
  /** μ, from 0 up to 1: v ← μ·v + g, and the step goes along v. */
  momentum?: number;
  /** The step goes along g + μ·v; needs a momentum. */
  nesterov?: boolean;
  /** L2 penalty: added to the gradient as weightDecay·p. */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch defines it (no dampening):
 * g ← g + weightDecay·p; v ← μ·v + g from v = 0; p ← p − η·v, or with Nesterov p ← p − η·(g + μ·v).
 *
 * @throws ImleError `value` where an option is out of range, or a parameter is no leaf that requires a gradient
 */
export class SGD extends Optimiser {
  private readonly velocities: readonly Tensor[] | null;
  private readonly uniforms: Readonly<Record<"weight_decay" | "momentum" | "nesterov", number>>;

  constructor(options: SGDOptions) {
    const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
    requireOptions("SGD", options, ["parameters", "learningRate", "momentum", "nesterov", "weightDecay"]);
    requireNumber("SGD", "momentum", momentum, momentum >= 0 && momentum < 1, "from 0 and below 1");
    requireNumber("SGD", "weightDecay", weightDecay, weightDecay >= 0, "from 0");
    must(
      !nesterov || momentum > 0,
      "value",
      () => `SGD: nesterov must come with a momentum above 0, got ${momentum}`,
      "Give a momentum such as 0.9, or leave nesterov out.",
    );
    super("SGD", options);
    this.velocities = momentum > 0 ? this.zerosLikeParameters("velocity") : null;
    this.uniforms = { weight_decay: weightDecay, momentum, nesterov: nesterov ? 1 : 0 };
  }

  step(): void {
    const { engine, velocities, uniforms } = this;
    const learning_rate = this.rate.slice("SGD.step");
    for (const { index, parameter, gradient, size } of this.ready()) {
      const velocity = velocities?.[index]!.slice("SGD.step");
      const width = vectorWidth([parameter, gradient, ...(velocity ? [velocity] : [])]);
      const count = Math.ceil(size / width);
      engine.dispatch({
        kernel: engine.kernel(`sgd:${velocity ? "momentum" : "plain"}:${width}`, () => [
          ...elementPieces(width),
          { name: "kernels/sgd.wgsl", text: sgdSource },
          velocity
            ? { name: "kernels/sgd-momentum.wgsl", text: momentumSource }
            : { name: "direction", text: "fn direction(i: u32, gradient: T) -> T { return gradient; }" },
        ]),
        buffers: { parameter, gradient, learning_rate, ...(velocity && { velocity }) },
        uniforms: { count, ...uniforms },
        workgroups: Math.ceil(count / lanes),
      });
    }
  }

  dispose(): void {
    for (const velocity of this.velocities ?? []) velocity.dispose();
    this.rate.dispose();
  }
}

/** What {@link Adam} takes. */
export interface AdamOptions extends OptimiserOptions {
  /** β₁ and β₂, each from 0 and below 1. */
  betas?: readonly [number, number];
  /** ε, above 0; added to √v̂. */
  epsilon?: number;
  /** Added to the gradient as weightDecay·p (L2), or with {@link decoupled} taken off as η·weightDecay·p. */
  weightDecay?: number;
  /** Decoupled weight decay (AdamW, Loshchilov & Hutter 2019). */
  decoupled?: boolean;
}

/**
 * Adam (Kingma & Ba 2015, Algorithm 1); with `decoupled` AdamW. The count of steps, one for each parameter, and the
 * bias corrections advance on the device.
 *
 * @throws ImleError `value` where an option is out of range, or a parameter is no leaf that requires a gradient
 */
export class Adam extends Optimiser {
  private readonly firstMoments: readonly Tensor[];
  private readonly secondMoments: readonly Tensor[];
  /** A row for each parameter: (t, 1 − β₁ᵗ, 1 − β₂ᵗ, unused). */
  private readonly progress: Tensor;
  /** Which parameters advance; the host writes it only when that changes. */
  private readonly hasGradient: Tensor;
  private hasGradientValues: Uint32Array<ArrayBuffer>;
  private readonly betas: Readonly<Record<"beta1" | "beta2" | "one_minus_beta1" | "one_minus_beta2", number>>;
  private readonly uniforms: Readonly<Record<"epsilon" | "weight_decay" | "decoupled", number>>;

  constructor(options: AdamOptions) {
    const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0, decoupled = false } = options;
    requireOptions("Adam", options, ["parameters", "learningRate", "betas", "epsilon", "weightDecay", "decoupled"]);
    must(
      Array.isArray(betas) && betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1),
      "value",
      () => `Adam: betas must be two numbers from 0 and below 1, got ${formatValue(betas)}`,
      "Use [0.9, 0.999] or leave it out.",
    );
    requireNumber("Adam", "epsilon", epsilon, epsilon > 0, "above 0");
    requireNumber("Adam", "weightDecay", weightDecay, weightDecay >= 0, "from 0");
    super("Adam", options);
    const { engine, parameters } = this;
    const [beta1, beta2] = betas;
    this.betas = { beta1, beta2, one_minus_beta1: 1 - beta1, one_minus_beta2: 1 - beta2 };
    this.uniforms = { epsilon, weight_decay: weightDecay, decoupled: decoupled ? 1 : 0 };
    this.firstMoments = this.zerosLikeParameters("first moment");
    this.secondMoments = this.zerosLikeParameters("second moment");
    this.progress = engine.zeros([parameters.length, 4], { label: "Adam progress" }).keep();
    this.hasGradientValues = new Uint32Array(parameters.length);
    this.hasGradient = engine.tensor(this.hasGradientValues, { label: "Adam parameters with gradients" }).keep();
  }

  step(): void {
    const ready = this.ready();
    if (ready.length === 0) return;
    const { engine, betas, uniforms } = this;
    this.advance();
    const learning_rate = this.rate.slice("Adam.step");
    const progress = this.progress.slice("Adam.step");
    for (const { index, parameter, gradient, size } of ready) {
      const first_moment = this.firstMoments[index]!.slice("Adam.step");
      const second_moment = this.secondMoments[index]!.slice("Adam.step");
      const width = vectorWidth([parameter, gradient, first_moment, second_moment]);
      const count = Math.ceil(size / width);
      engine.dispatch({
        kernel: engine.kernel(`adam:${width}`, () => [
          ...elementPieces(width),
          { name: "kernels/adam.wgsl", text: adamSource },
        ]),
        buffers: { parameter, gradient, first_moment, second_moment, learning_rate, progress },
        uniforms: { count, row: index, ...betas, ...uniforms },
        workgroups: Math.ceil(count / lanes),
      });
    }
  }

  dispose(): void {
    for (const moment of [...this.firstMoments, ...this.secondMoments]) moment.dispose();
    for (const tensor of [this.progress, this.hasGradient, this.rate]) tensor.dispose();
  }

  private advance(): void {
    const { engine, parameters, betas } = this;
    const present = Uint32Array.from(parameters, ({ grad }) => (grad ? 1 : 0));
    if (present.some((value, i) => value !== this.hasGradientValues[i])) {
      this.hasGradient.write(present);
      this.hasGradientValues = present;
    }
    engine.dispatch({
      kernel: engine.kernel("adam-advance", () => [
        constants({ LANES: lanes }),
        { name: "kernels/adam-advance.wgsl", text: advanceSource },
      ]),
      buffers: { has_gradient: this.hasGradient.slice("Adam.step"), progress: this.progress.slice("Adam.step") },
      uniforms: { count: parameters.length, ...betas },
      workgroups: Math.ceil(parameters.length / lanes),
    });
  }
}

function elementPieces(width: number): Piece[] {
  return [constants({ LANES: lanes }), { name: "element", text: `alias T = ${width === 4 ? "vec4f" : "f32"};` }];
}

/** Four elements a lane where every buffer has room for the last vector. */
function vectorWidth(slices: readonly Slice[]): 1 | 4 {
  return slices.every(holdsVectors) ? 4 : 1;
}

function requireNumber(operation: string, name: string, value: unknown, holds: boolean, range: string): void {
  must(
    typeof value === "number" && Number.isFinite(value) && holds,
    "value",
    () => `${operation}: ${name} must be a finite number ${range}, got ${formatValue(value)}`,
    `Pass a number ${range}.`,
  );
}
