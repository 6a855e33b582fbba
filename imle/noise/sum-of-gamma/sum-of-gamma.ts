import { formatValue, must } from "../../../engine/error.js";
import { requireOptions } from "../../../engine/ops/arguments.js";
import { sampleNoise } from "../draw.js";
import type { DrawableNoise, Noise } from "../noise.js";
import { quantileTableNoise, quantileTablesNoise } from "../quantile-table/quantile-table.js";
import { directDraw4, directWgsl, MOST_DIRECT_ITERATIONS } from "./direct.js";
import { sumOfGammaQuantile } from "./quantile.js";

export interface SumOfGammaOptions {
  /**
   * κ: the number of ones in a state (k of a top-k), from 1 to 10⁶; need not be whole. At most 64 of them where
   * instances differ: a call then says by `law`, a number of this list, which one each instance has.
   */
  readonly kappa: number | readonly number[];
  /**
   * s: how many gamma variables are summed, up to 10⁶, 10 by default. Infinity is exact: the sum of κ draws then is
   * Gumbel.
   */
  readonly iterations?: number;
  /**
   * `"table"` (default) takes one uniform number a draw, at the same cost for every s. `"direct"` draws the s gamma
   * variables: an oracle for the table, some forty times slower at s = 10; at most 1,024 iterations.
   */
  readonly method?: "table" | "direct";
}

/** A table is 64 KB a law. */
const MOST_LAWS = 64;

/** Laws are few and repeat, a table is 64 KB: the last ones made are kept, so that an engine uploads each once. */
const MOST_KEPT = 64;
const kept = new Map<string, Noise>();

/**
 * Sum-of-Gamma noise SoG(κ, τ = 1, s) = (1/κ)(Σ_{i=1..s} Gamma(shape 1/κ, scale κ/i) − ln s).
 * The sum of κ independent draws has P(X ≤ x) = (1 − e^{−x}/s)^s, in the limit Gumbel(0, 1).
 * Source: Niepert, Minervini, Franceschi, "Implicit MLE", arXiv 2106.01798, Eq. 13 and Lemma 1.
 *
 * Errors (`value`): κ below 1 or above 10⁶; no κ, or more than 64; iterations that are neither a whole number from 1 to
 * 10⁶ nor Infinity; with `method: "direct"` iterations above 1,024.
 */
export function sumOfGamma(options: SumOfGammaOptions & { readonly kappa: number }): DrawableNoise;
export function sumOfGamma(options: SumOfGammaOptions): Noise;
export function sumOfGamma(options: SumOfGammaOptions): Noise {
  requireOptions("sumOfGamma", options, ["kappa", "iterations", "method"]);
  const { kappa, iterations = 10, method = "table" } = options;
  const kappas: readonly number[] = Array.isArray(kappa) ? kappa : [kappa];
  must(
    kappas.length >= 1 && kappas.length <= MOST_LAWS,
    "value",
    () => `sumOfGamma: kappa must be a number, or 1 to ${MOST_LAWS} of them, got ${kappas.length}`,
    "List each κ once, and round them where there are more: the law changes little from one to the next.",
  );
  for (const one of kappas) {
    must(
      typeof one === "number" && one >= 1 && one <= 1e6,
      "value",
      () => {
        const range = typeof one === "number" && one > 1e6 ? "at most 1,000,000" : "at least 1";
        return `sumOfGamma: kappa must be ${range}, got ${formatValue(one)}`;
      },
      "Pass the number of ones in a state, such as k of topK(k).",
    );
  }
  must(
    method === "table" || method === "direct",
    "value",
    () => `sumOfGamma: method must be "table" or "direct", got ${formatValue(method)}`,
    'Leave it out to get "table", the fast one.',
  );
  must(
    (Number.isInteger(iterations) && iterations >= 1 && iterations <= 1e6) || iterations === Infinity,
    "value",
    () =>
      "sumOfGamma: iterations must be a whole number from 1 to 1,000,000, or Infinity, " +
      `got ${formatValue(iterations)}`,
    "Pass 10, as the paper does, or Infinity, which costs no more.",
  );
  must(
    method === "table" || iterations <= MOST_DIRECT_ITERATIONS,
    "value",
    () => `sumOfGamma: iterations must be at most 1,024 with method "direct", got ${formatValue(iterations)}`,
    'Use method "table", which takes any number of iterations.',
  );
  must(
    method === "table" || kappas.length === 1,
    "value",
    () => `sumOfGamma: kappa must be one number with method "direct", got ${kappas.length}`,
    'Use method "table".',
  );
  const nameOf = (which: number | readonly number[]): string =>
    `sum-of-gamma(${which}, ${iterations}${method === "direct" ? ", direct" : ""})`;
  const one = (value: number): Noise => keptOr(nameOf(value), (name) => make(name, value, iterations, method));
  if (kappas.length === 1) return one(kappas[0]!);
  return keptOr(nameOf(kappas), (name) => quantileTablesNoise(name, kappas.map(one)));
}

/** The noise of this name that was made before, or a new one. */
function keptOr(name: string, make: (name: string) => Noise): Noise {
  let noise = kept.get(name);
  if (!noise) {
    noise = make(name);
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(name, noise);
  }
  return noise;
}

function make(name: string, kappa: number, iterations: number, method: "table" | "direct"): DrawableNoise {
  if (method === "table") return quantileTableNoise(name, sumOfGammaQuantile(kappa, iterations));
  const noise: DrawableNoise = {
    name,
    wgsl: directWgsl(kappa, iterations),
    draw4: directDraw4(kappa, iterations),
    sample: (engine, shape) => sampleNoise(engine, noise, shape),
  };
  return noise;
}
