import type { DrawableNoise } from "../noise.js";
import { sumOfGamma } from "../sum-of-gamma/sum-of-gamma.js";

let made: DrawableNoise | undefined;

/**
 * Gumbel(0, 1) noise, x = −ln(−ln u): Sum-of-Gamma of κ = 1 and infinite iterations. By table, since the two logarithms
 * are off by up to 0.5 in the upper tail in f32.
 */
export function gumbel(): DrawableNoise {
  return (made ??= { ...sumOfGamma({ kappa: 1, iterations: Infinity }), score: "1.0 - exp(-x)" });
}
