import descentSource from "../../kernels/descent.wgsl";
import momentumSource from "../../kernels/sgd-momentum.wgsl";
import type { Piece } from "../compose.js";
import { must } from "../error.js";
import { requireFlag, requireOptions } from "../ops/arguments.js";
import type { Tensor } from "../tensor.js";
import { elementPieces, lanes, Optimiser, type OptimiserOptions, requireInRange, vectorWidth } from "./optimiser.js";
import type { ParameterTree } from "./parameters.js";

/** What {@link SGD} takes. */
export interface SGDOptions extends OptimiserOptions {
  /** μ, from 0, the default, and below 1: v ← μ·v + g, and the step goes along v. */
  momentum?: number;
  /** The step goes along g + μ·v (Sutskever et al. 2013); needs a momentum. False by default. */
  nesterov?: boolean;
  /** L2 penalty, from 0, the default: added to the gradient as weightDecay·p. */
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
    requireOptions("SGD", options, ["parameters", "learningRate", "momentum", "nesterov", "weightDecay"]);
    const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
    requireInRange("SGD", "momentum", momentum, "from 0 and below 1");
    requireInRange("SGD", "weightDecay", weightDecay, "from 0");
    requireFlag("SGD", "nesterov", nesterov);
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

  get state(): ParameterTree {
    return this.velocities ? { velocity: this.named(this.velocities) } : {};
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
          velocity ? { name: "kernels/sgd-momentum.wgsl", text: momentumSource } : plain,
          { name: "kernels/descent.wgsl", text: descentSource },
        ]),
        buffers: { parameter, gradient, learning_rate, ...(velocity && { velocity }) },
        uniforms: { count, ...uniforms },
        workgroups: Math.ceil(count / lanes),
      });
    }
  }
}

const plain: Piece = {
  name: "direction",
  text: /* @__PURE__ */ [
    "struct Uniforms { count: u32, weight_decay: f32 }",
    "fn direction(i: u32, gradient: T) -> T { return gradient; }",
  ].join("\n"),
};
