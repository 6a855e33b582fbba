import adamSource from "../../kernels/adam.wgsl";
import advanceSource from "../../kernels/adam-advance.wgsl";
import { constants } from "../compose.js";
import { formatValue, must } from "../error.js";
import { requireFlag, requireOptions } from "../ops/arguments.js";
import type { Tensor } from "../tensor.js";
import { elementPieces, lanes, Optimiser, type OptimiserOptions, requireInRange, vectorWidth } from "./optimiser.js";
import type { ParameterTree } from "./parameters.js";

/** Parameters of which one dispatch can tell which have a gradient: a bit each in the uniforms. */
const block = 1024;

/** What {@link Adam} takes. */
export interface AdamOptions extends OptimiserOptions {
  /** β₁ and β₂, each from 0 and below 1; 0.9 and 0.999 by default. */
  betas?: readonly [number, number];
  /** ε, above 0; added to √v̂. 1e-8 by default. */
  epsilon?: number;
  /**
   * From 0, the default: added to the gradient as weightDecay·p (L2), or with {@link decoupled} taken off as
   * η·weightDecay·p.
   */
  weightDecay?: number;
  /** Decoupled weight decay (AdamW, Loshchilov & Hutter 2019); false by default. */
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
  private readonly betas: Readonly<Record<"beta1" | "beta2" | "one_minus_beta1" | "one_minus_beta2", number>>;
  private readonly uniforms: Readonly<Record<"epsilon" | "weight_decay" | "decoupled", number>>;

  constructor(options: AdamOptions) {
    requireOptions("Adam", options, ["parameters", "learningRate", "betas", "epsilon", "weightDecay", "decoupled"]);
    const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0, decoupled = false } = options;
    must(
      Array.isArray(betas) &&
        betas.length === 2 &&
        betas.every((beta) => typeof beta === "number" && beta >= 0 && beta < 1),
      "value",
      () => `Adam: betas must be two numbers from 0 and below 1, got ${formatValue(betas)}`,
      "Use [0.9, 0.999] or leave it out.",
    );
    requireInRange("Adam", "epsilon", epsilon, "above 0");
    requireInRange("Adam", "weightDecay", weightDecay, "from 0");
    requireFlag("Adam", "decoupled", decoupled);
    super("Adam", options);
    const { engine, parameters } = this;
    const [beta1, beta2] = betas;
    this.betas = { beta1, beta2, one_minus_beta1: 1 - beta1, one_minus_beta2: 1 - beta2 };
    this.uniforms = { epsilon, weight_decay: weightDecay, decoupled: decoupled ? 1 : 0 };
    this.firstMoments = this.zerosLikeParameters("first moment");
    this.secondMoments = this.zerosLikeParameters("second moment");
    this.progress = engine.zeros([parameters.length, 4], { label: "Adam progress" }).keep();
  }

  get state(): ParameterTree {
    return {
      firstMoment: this.named(this.firstMoments),
      secondMoment: this.named(this.secondMoments),
      progress: this.progress,
    };
  }

  step(): void {
    const ready = this.ready();
    if (ready.length === 0) return;
    const { engine, betas, uniforms } = this;
    this.advance(ready);
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

  private advance(ready: readonly { readonly index: number }[]): void {
    const { engine, parameters, betas } = this;
    const blocks = new Map<number, number[]>();
    for (const { index } of ready) {
      const first = index - (index % block);
      const words = blocks.get(first) ?? new Array<number>(block / 32).fill(0);
      words[(index - first) >> 5]! |= 1 << (index & 31);
      blocks.set(first, words);
    }
    for (const [first, has_gradient] of blocks) {
      const count = Math.min(parameters.length - first, block);
      engine.dispatch({
        kernel: engine.kernel("adam-advance", () => [
          constants({ LANES: lanes }),
          { name: "kernels/adam-advance.wgsl", text: advanceSource },
        ]),
        buffers: { progress: this.progress.slice("Adam.step") },
        uniforms: { first, count, has_gradient, ...betas },
        workgroups: Math.ceil(count / lanes),
      });
    }
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): {@link Adam} with `decoupled`, and a weight decay of
 * 0.01 where none is given.
 */
export class AdamW extends Adam {
  constructor(options: Omit<AdamOptions, "decoupled">) {
    requireOptions("AdamW", options, ["parameters", "learningRate", "betas", "epsilon", "weightDecay"]);
    super({ weightDecay: 0.01, ...options, decoupled: true });
  }
}
