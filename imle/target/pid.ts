import { formatValue, must } from "../../engine/error.js";
import { requireChoice, requireOptions } from "../../engine/ops/arguments.js";
import type { Tensor } from "../../engine/tensor.js";
import pidText from "./pid.wgsl";
import type { BackwardPass, Target } from "./target.js";

/** Options of {@link pid}. */
export interface PidOptions {
  /** Weight of θ, by default 1. */
  readonly alpha?: number;
  /** Step, from 0, by default 1. */
  readonly lambda?: number;
  /**
   * `one-sided`: z − z′; `central`: (MAP(α·θ + λ·∂L/∂z) − MAP(α·θ − λ·∂L/∂z)) / 2, whose error is of second order in λ
   * where the other's is of first, for two solves backwards in the place of one. By default `one-sided`.
   */
  readonly difference?: "one-sided" | "central";
}

/**
 * Perturbation-based implicit differentiation: θ′ = α·θ − λ·∂L/∂z (costs: c′ = α·c + λ·∂L/∂z).
 *
 * λ weighs the loss against θ: θ′ is not linear in ∂L/∂z, so a loss averaged over the batch (or over S samples) needs
 * B (or S) times the λ of a summed one.
 *
 * Source: Niepert, Minervini, Franceschi 2021, Eq. 10 (α = 1); without noise it is Vlastelica et al. 2020; central:
 * Minervini, Franceschi, Niepert 2022 (arXiv 2209.04862), Section 3.1.
 *
 * @throws ImleError `value` where an option is out of range
 */
export function pid(options: PidOptions = {}): Target {
  requireOptions("pid", options, ["alpha", "lambda", "difference"]);
  const { alpha = 1, lambda = 1, difference = "one-sided" } = options;
  must(
    Number.isFinite(alpha),
    "value",
    () => `pid: alpha must be a finite number, got ${formatValue(alpha)}`,
    "1 is the paper's.",
  );
  must(
    Number.isFinite(lambda) && lambda >= 0,
    "value",
    () => `pid: lambda must be a number from 0, got ${formatValue(lambda)}`,
    "Try 10 for a loss summed over the batch.",
  );
  requireChoice("pid", "difference", difference, ["one-sided", "central"]);
  const side = (sign: 1 | -1): Target => ({
    name: "pid",
    wgsl: pidText,
    parameters: { alpha, lambda: sign * lambda },
    lambda,
  });
  if (difference === "one-sided") return side(1);
  const backward = ({ samples, sign, solve }: BackwardPass): Tensor => {
    const all = { first: 0, count: samples, of: samples };
    const states = solve(side(-1), all, "mean");
    return solve(side(1), all, "mean", { states, scale: sign / 2 });
  };
  return { ...side(1), outputs: ["mean"], backward };
}
