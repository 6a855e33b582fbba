import { customGradient } from "../../engine/custom-gradient.js";
import { requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import { topK } from "../../solvers/top-k/top-k.js";
import { drawSubsets, kSubsets } from "../distributions/k-subsets/k-subsets.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { callNames, type CallOptions, type Estimator, estimator, placesOf } from "./estimator.js";
import { checkPerturbation, type LayerOptions } from "./options.js";
import type { PerturbedCallOptions } from "./perturbed-call.js";

/** A layer over the last axis: f32 [...batch, n] to states of that shape, or [...batch, S, n] for output `samples`. */
export type SubsetLayer<Call extends CallOptions = PerturbedCallOptions> = Estimator<
  (theta: Tensor, call?: Call) => Tensor
>;

/**
 * SIMPLE: a subset of k is drawn exactly from p(z) ∝ exp⟨z, θ⟩, and passes its gradient on as exact marginals would.
 *
 *     forward    z_s ~ p(z; θ)
 *     backward   ∂L/∂θ = (∂μ/∂θ)ᵀ ∂L/∂z = Cov(z)·∂L/∂z           output `samples`: of the sum over s
 *
 * An evaluation takes the k largest. For a temperature pass θ divided by it.
 *
 * Source: Ahmed, Zeng, Niepert, Van den Broeck 2023 (arXiv 2210.01941).
 *
 * @throws ImleError `value` where k or an option is out of its range
 */
export function simple(
  k: number,
  options: Pick<LayerOptions, "samples" | "output" | "stream"> = {},
): SubsetLayer<CallOptions> {
  const operation = "simple";
  checkPerturbation(operation, options, ["output"], ["samples", "stream"]);
  const { samples = 1, output = "mean", stream } = options;
  const subsets = kSubsets(k);
  const solver = topK(k);
  const placeOf = placesOf(operation, stream);
  return estimator({
    train: (theta: Tensor, call: CallOptions = {}) => {
      requireOptions(operation, call, callNames);
      requireTensor(operation, "the weights", theta, ["f32"]);
      const place = placeOf(theta.engine, call.call);
      return theta.engine.scope(() => {
        const drawn = noGrad(() => drawSubsets(k, theta, { samples, output, place }));
        return customGradient({
          label: operation,
          inputs: [theta],
          saved: drawn.kept,
          forward: () => drawn.states,
          backward: (dz) => drawn.covariance(output === "samples" ? dz.sum(-2) : dz),
        });
      });
    },
    eval: (theta: Tensor) => perturbAndMap(solver, theta, { output }),
    kernelsFor: (engine, shapes) => [...subsets.kernels(engine), ...solver.kernelsFor(engine, shapes)],
  });
}
