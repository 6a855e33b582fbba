import descentSource from "../../kernels/descent.wgsl";
import directionSource from "../../kernels/rmsprop.wgsl";
import type { Piece } from "../compose.js";
import { requireOptions } from "../ops/arguments.js";
import type { Tensor } from "../tensor.js";
import { elementPieces, lanes, Optimiser, type OptimiserOptions, requireInRange, vectorWidth } from "./optimiser.js";
import type { ParameterTree } from "./parameters.js";

/** What {@link RMSprop} takes. */
export interface RMSpropOptions extends OptimiserOptions {
  /** α, the share of the old average of squares in the new one, from 0 and below 1; 0.99 by default. */
  decay?: number;
  /** ε, above 0; added to √v. 1e-8 by default. */
  epsilon?: number;
  /** μ, from 0, the default, and below 1: b ← μ·b + g / (√v + ε), and the step goes along b. */
  momentum?: number;
  /** L2 penalty, from 0, the default: added to the gradient as weightDecay·p. */
  weightDecay?: number;
}

/**
 * RMSprop (Tieleman & Hinton 2012), as PyTorch defines it: g ← g + weightDecay·p; v ← α·v + (1 − α)·g² from v = 0;
 * p ← p − η·g / (√v + ε).
 *
 * @throws ImleError `value` where an option is out of range, or a parameter is no leaf that requires a gradient
 */
export class RMSprop extends Optimiser {
  private readonly squareAverages: readonly Tensor[];
  private readonly velocities: readonly Tensor[] | null;
  private readonly uniforms: Readonly<
    Record<"decay" | "one_minus_decay" | "epsilon" | "momentum" | "weight_decay", number>
  >;

  constructor(options: RMSpropOptions) {
    const names = ["parameters", "learningRate", "decay", "epsilon", "momentum", "weightDecay"];
    requireOptions("RMSprop", options, names);
    const { decay = 0.99, epsilon = 1e-8, momentum = 0, weightDecay = 0 } = options;
    requireInRange("RMSprop", "decay", decay, "from 0 and below 1");
    requireInRange("RMSprop", "epsilon", epsilon, "above 0");
    requireInRange("RMSprop", "momentum", momentum, "from 0 and below 1");
    requireInRange("RMSprop", "weightDecay", weightDecay, "from 0");
    super("RMSprop", options);
    this.uniforms = { decay, one_minus_decay: 1 - decay, epsilon, momentum, weight_decay: weightDecay };
    this.squareAverages = this.zerosLikeParameters("square average");
    this.velocities = momentum > 0 ? this.zerosLikeParameters("velocity") : null;
  }

  get state(): ParameterTree {
    return {
      squareAverage: this.named(this.squareAverages),
      ...(this.velocities && { velocity: this.named(this.velocities) }),
    };
  }

  step(): void {
    const { engine, squareAverages, velocities, uniforms } = this;
    const learning_rate = this.rate.slice("RMSprop.step");
    for (const { index, parameter, gradient, size } of this.ready()) {
      const square_average = squareAverages[index]!.slice("RMSprop.step");
      const velocity = velocities?.[index]!.slice("RMSprop.step");
      const width = vectorWidth([parameter, gradient, square_average, ...(velocity ? [velocity] : [])]);
      const count = Math.ceil(size / width);
      engine.dispatch({
        kernel: engine.kernel(`rmsprop:${velocity ? "momentum" : "plain"}:${width}`, () => [
          ...elementPieces(width),
          velocity ? withMomentum : plain,
          { name: "kernels/rmsprop.wgsl", text: directionSource },
          { name: "kernels/descent.wgsl", text: descentSource },
        ]),
        buffers: { parameter, gradient, learning_rate, square_average, ...(velocity && { velocity }) },
        uniforms: { count, ...uniforms },
        workgroups: Math.ceil(count / lanes),
      });
    }
  }
}

const plain: Piece = { name: "along", text: "fn along(i: u32, step: T) -> T { return step; }" };
const withMomentum: Piece = {
  name: "along",
  text: /* @__PURE__ */ [
    "@group(0) @binding(5) var<storage, read_write> velocity: array<T>;",
    "fn along(i: u32, step: T) -> T {",
    "  velocity[i] = uniforms.momentum * velocity[i] + step;",
    "  return velocity[i];",
    "}",
  ].join("\n"),
};
