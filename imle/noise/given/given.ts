import { formatValue, must } from "../../../engine/error.js";
import type { Tensor } from "../../../engine/tensor.js";
import type { Noise } from "../noise.js";

/**
 * Noise that the caller has drawn: ε as it is, the same in both passes. It still is scaled by the temperature, and
 * subtracted from costs.
 *
 * @param tensor f32 [...batch, S, ...instance]
 */
export function givenNoise(tensor: Tensor): Noise {
  must(
    tensor?.dtype === "f32",
    "dtype",
    () => `givenNoise: the noise must be an f32 tensor, got ${formatValue(tensor?.dtype ?? tensor)}`,
    "Pass a tensor of shape [...batch, S, ...instance].",
  );
  return { name: "given", wgsl: "", given: tensor };
}
