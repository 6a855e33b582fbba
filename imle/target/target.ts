import type { Tensor } from "../../engine/tensor.js";

/** A target distribution: which parameters θ′ the backward pass solves under. One file a target. */
export interface Target {
  readonly name: string;
  /**
   * WGSL defining `fn target4(theta: vec4f, values: vec4f) -> vec4f`, four components of θ′. `values` is ∂L/∂z, or
   * `tensor` where there is one; parameters are `uniforms.target_NAME`; `uniforms.gradient_sign` is 1 for a solver that
   * maximises and −1 for one that minimises.
   */
  readonly wgsl: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** What the target is made of instead of ∂L/∂z, of the weights' shape. */
  readonly tensor?: Tensor;
  /** The λ by which `divideByLambda` divides. */
  readonly lambda: number;
}
