import { customGradient } from "../../engine/custom-gradient.js";
import { formatShape, must } from "../../engine/error.js";
import { isTensor, requireFlag, requireTensor } from "../../engine/ops/arguments.js";
import { maximum } from "../../engine/ops/elementwise.js";
import { expandDims } from "../../engine/ops/shape.js";
import { softmax } from "../../engine/ops/softmax.js";
import type { Tensor } from "../../engine/tensor.js";
import { topK } from "../../solvers/top-k/top-k.js";
import { gumbel } from "../noise/gumbel/gumbel.js";
import { requireInstanceNumbers } from "../instance-numbers.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { estimator, kernelsOf } from "./estimator.js";
import { checkPerturbation, type LayerOptions, requirePositive } from "./options.js";
import { drawsOf, type PerturbedCallOptions, perturbedCalls } from "./perturbed-call.js";
import type { SubsetLayer } from "./simple.js";

/** Options of {@link softSubset} and {@link gumbelSoftmax}. */
export interface RelaxationOptions extends LayerOptions {
  /** t > 0 of the softmax: the lower, the harder. By default 1. */
  readonly softness?: number;
  /** Whether the forward pass gives the hard state, and the relaxed one only its gradient. By default false. */
  readonly hard?: boolean;
}

/**
 * SoftSub, the relaxed top-k: k soft picks one after the other, each of what the others have left.
 *
 *     α_1 = θ + τ·ε,   a_j = softmax(α_j / t),   α_{j+1} = α_j + ln(1 − a_j),   z = Σ_j a_j
 *
 * Not a state but a point near one: entries from 0 to 1 with sum k. Its gradient is that of the formula, by the tape.
 * An evaluation takes the k largest.
 *
 * Source: Xie, Ermon 2019 (arXiv 1901.10517), Algorithm 2, after Plötz, Roth 2018; `hard`: straight-through as in Jang,
 * Gu, Poole 2017.
 *
 * @param options.noise by default `gumbel()`
 * @throws ImleError `value` where k or an option is out of its range
 */
export function softSubset(k: number, options: RelaxationOptions = {}): SubsetLayer {
  const operation = "softSubset";
  checkPerturbation(operation, options, ["output", "softness", "hard"]);
  const { noise = gumbel(), output = "mean", softness = 1, hard = false, ...rest } = options;
  requirePositive(operation, "softness", softness);
  requireFlag(operation, "hard", hard);
  const solver = topK(k);
  const calls = perturbedCalls(operation, { noise, ...rest });
  return estimator({
    train: (theta: Tensor, own: PerturbedCallOptions = {}) => {
      requireTensor(operation, "the weights", theta, ["f32"]);
      const n = theta.shape.at(-1) ?? 0;
      must(
        theta.shape.length > 0 && k <= n,
        "shape",
        () => `${operation}: the last axis must have at least k = ${k} weights, got ${formatShape(theta.shape)}`,
        "Choose fewer, or pass longer rows.",
      );
      const call = calls.next(theta.engine, {}, own);
      requireInstanceNumbers(operation, theta.engine, theta.shape.slice(0, -1), noise, call);
      return theta.engine.scope(() => {
        const { temperature } = call;
        const scale = isTensor(temperature) ? temperature.reshape([...theta.shape.slice(0, -1), 1, 1]) : temperature;
        const scores = expandDims(theta, -2).add(drawsOf(solver, theta, call).mul(scale));
        let left = scores;
        let picked = scores.mul(0);
        for (let j = 0; j < k; j++) {
          const pick = softmax(left.div(softness));
          picked = picked.add(pick);
          if (j < k - 1) left = left.add(maximum(pick.neg().add(1), 1e-20).log());
        }
        const states = hard ? hardened(solver, scores, picked) : picked;
        return output === "samples" ? states : states.mean(-2);
      });
    },
    eval: (theta: Tensor) => perturbAndMap(solver, theta, { output }),
    kernelsFor: kernelsOf(solver, () => ({ calls: [{}] })),
  });
}

/** The best state of the scores, with the gradient of the relaxed one. */
const hardened = (solver: ReturnType<typeof topK>, scores: Tensor, relaxed: Tensor): Tensor =>
  customGradient({
    label: "hard",
    inputs: [relaxed],
    forward: () => perturbAndMap(solver, scores),
    backward: (dz) => dz,
  });
