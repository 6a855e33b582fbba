import type { Engine } from "../../engine/engine.js";
import { formatValue, must } from "../../engine/error.js";
import type { Kernel } from "../../engine/kernel.js";
import type { Tensor } from "../../engine/tensor.js";
import type { PerturbOptions } from "../perturb-options.js";
import type { SamplePart } from "../sample-parts.js";

/** A target distribution: which parameters θ′ the backward pass solves under. One file or folder a target. */
export interface Target {
  /** Names its WGSL: two targets of one name have the same. */
  readonly name: string;
  /**
   * WGSL defining `fn target4(theta: vec4f, values: vec4f) -> vec4f`, four components of θ′. `values` is ∂L/∂z, or
   * `tensor` where there is one; parameters are `uniforms.target_NAME`; `uniforms.gradient_sign` is 1 for a solver that
   * maximises and −1 for one that minimises. Where there is a state, its numbers are `target_state[0]`, a vec4f.
   */
  readonly wgsl: string;
  /** Numbers of its WGSL, by name, f32; changing them compiles nothing anew. */
  readonly parameters: Readonly<Record<string, number>>;
  /** What the target is made of instead of ∂L/∂z, of the weights' shape. */
  readonly tensor?: Tensor;
  /** The λ by which `divideByLambda` divides; null where there is none, or where the target divides by itself. */
  readonly lambda: number | null;
  /**
   * What the target learns, f32 [4], on the device, made at the first call on an engine; to be saved and restored by
   * name, as the parameters of a layer.
   */
  readonly state?: (engine: Engine) => { readonly values: Tensor };
  /** The gradient, for a target that is more than one solve under θ′. */
  readonly backward?: (pass: BackwardPass) => Tensor;
  /** What `backward` asks its solves for, by default samples, and with M > 1 their counts. */
  readonly outputs?: readonly SolvedOutput[];
  /** Kernels of `backward` beside those of its solves, for `engine.prepare`. */
  readonly kernels?: (engine: Engine, pass: Pick<BackwardPass, "states" | "marginalSamples">) => readonly Kernel[];
}

/** What a solve of a backward pass leaves: see {@link BackwardPass.solve}. */
export type SolvedOutput = "samples" | "sampleCounts" | "mean";

/** A backward pass, for targets that do it by themselves. */
export interface BackwardPass {
  /** f32 [...batch, ...instance] */
  readonly theta: Tensor;
  /** ∂L/∂z, of θ's shape or [...batch, S, ...instance]. */
  readonly gradient: Tensor;
  /** S an instance. */
  readonly samples: number;
  /** M draws a sample. */
  readonly marginalSamples: number;
  /** How many trailing axes of θ are one instance. */
  readonly instanceAxes: number;
  /** 1 for a solver that maximises, −1 for one that minimises: the sign of ∂L/∂θ. */
  readonly sign: 1 | -1;
  /** z of every sample, [...batch, S, ...instance], where the forward pass has left them. */
  readonly states: Tensor | null;
  /**
   * States of some samples, under the noise of the forward pass: at θ as forward solved it, or under a target. f32
   * [...batch, samples, ...instance], means over a sample's draws, or for output `sampleCounts` their sums, i32; for
   * `mean` f32 of θ's shape, or how far states are from it: {@link PerturbOptions.differenceFrom}.
   */
  solve(
    target: Target | null,
    part: SamplePart,
    output?: SolvedOutput,
    differenceFrom?: PerturbOptions["differenceFrom"],
  ): Tensor;
}

/** @throws ImleError `value` unless it is a target */
export function requireTarget(operation: string, target: unknown): asserts target is Target {
  must(
    typeof (target as Target | null | undefined)?.wgsl === "string",
    "value",
    () => `${operation}: target must be a target, got ${formatValue(target)}`,
    "Pass pid({ alpha, lambda }), and call it.",
  );
}
