import type { DrawableNoise } from "../noise.js";
import { type Quantile, quantileTableNoise } from "../quantile-table/quantile-table.js";

let made: DrawableNoise | undefined;

/** Laplace noise of scale 1 (variance 2), P(X ≤ x) = eˣ/2 for x ≤ 0, by the table of its quantile function. */
export function laplace(): DrawableNoise {
  return (made ??= { ...quantileTableNoise("laplace", laplaceQuantile), score: "sign(x)" });
}

/** The quantile function of the Laplace law of scale 1: ∓ln(2·tail). */
export const laplaceQuantile: Quantile = (tail, upper) => {
  const distance = -Math.log(2 * tail);
  return upper ? distance : -distance;
};
