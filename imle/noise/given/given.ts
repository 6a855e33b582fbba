import { requireTensor } from "../../../engine/ops/arguments.js";
import type { Tensor } from "../../../engine/tensor.js";
import type { Noise } from "../noise.js";

/**
 * Noise that the caller has drawn: ε as it is, the same in both passes. It still is scaled by the temperature, and
 * subtracted from costs.
 *
 * @param tensor f32 [...batch, S, ...instance]
 * @throws ImleError `value` or `dtype` where it is no f32 tensor; at the call `shape` where it does not fit the weights
 */
export function givenNoise(tensor: Tensor): Noise {
  requireTensor("givenNoise", "the noise", tensor, ["f32"]);
  return { name: "given", wgsl: "", given: tensor };
}
