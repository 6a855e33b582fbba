import { requireTensor } from "../../engine/ops/arguments.js";
import type { Tensor } from "../../engine/tensor.js";
import knownText from "./known.wgsl";
import type { Target } from "./target.js";

/**
 * The target where the true weights are known, as when a path is to cost little by its true costs (regret): θ′ = θ*.
 * The gradient is that of the likelihood of θ* (z − z* under the same noise); ∂L/∂z does not enter it.
 *
 * True weights change from batch to batch, so a layer gets them at each call:
 *
 *     layer(theta, inputs, { target: known(trueWeights) })
 *
 * Source: Niepert, Minervini, Franceschi 2021, Eq. 7 with q(z; θ*).
 *
 * @param tensor θ*, or the true costs c* of a solver that minimises: f32 of θ's shape
 * @throws ImleError `value` or `dtype` where it is no f32 tensor; at the call `shape` where it does not fit θ
 */
export function known(tensor: Tensor): Target {
  requireTensor("known", "the true weights", tensor, ["f32"]);
  return { name: "known", wgsl: knownText, parameters: {}, tensor, lambda: null };
}
