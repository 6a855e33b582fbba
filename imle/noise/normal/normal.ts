import type { DrawableNoise } from "../noise.js";
import { quantileTableNoise } from "../quantile-table/quantile-table.js";
import { normalQuantile } from "./normal-quantile.js";

let made: DrawableNoise | undefined;

/** Normal noise of mean 0 and deviation 1, by the table of its quantile function. */
export function normal(): DrawableNoise {
  return (made ??= { ...quantileTableNoise("normal", normalQuantile), score: "x" });
}
