import { formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import pidText from "./pid.wgsl";
import type { Target } from "./target.js";

/**
 * Perturbation-based implicit differentiation: θ′ = α·θ − λ·∂L/∂z (costs: c′ = α·c + λ·∂L/∂z).
 *
 * λ weighs the loss against θ: θ′ is not linear in ∂L/∂z, so a loss averaged over the batch (or over S samples) needs
 * B (or S) times the λ of a summed one.
 *
 * Source: Niepert, Minervini, Franceschi 2021, Eq. 10 (α = 1); without noise it is Vlastelica et al. 2020.
 *
 * @param options.alpha weight of θ, by default 1
 * @param options.lambda step, from 0, by default 1
 * @throws ImleError `value` where one is out of range
 */
export function pid(options: { alpha?: number; lambda?: number } = {}): Target {
  requireOptions("pid", options, ["alpha", "lambda"]);
  const { alpha = 1, lambda = 1 } = options;
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
  return { name: "pid", wgsl: pidText, parameters: { alpha, lambda }, lambda };
}
