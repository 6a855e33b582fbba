import { customGradient } from "../../engine/custom-gradient.js";
import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { broadcastTo } from "../../engine/ops/shape.js";
import { sameShape } from "../../engine/shape.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import type { StateDistribution } from "../distributions/distribution.js";
import { normal } from "../noise/normal/normal.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { callNames, type CallOptions, type Estimator, estimator, kernelsOfCalls, placesOf } from "./estimator.js";
import {
  checkPerturbation,
  perturbationNames,
  type PerturbationOptions,
  requirePositive,
  requireScore,
  requireSolver,
  signOf,
} from "./options.js";
import { drawsOf, type PerturbedCall, perturbedStates } from "./perturbed-states.js";

/**
 * An expected loss: of weights θ, f32 [...batch, ...instance], and a function from states f32 [...batch, S, ...state]
 * to their losses f32 [...batch, S], it gives their mean f32 [...batch]. The function need not be differentiable; where
 * it is, its own parameters get their gradient too.
 */
export type ExpectedLoss = Estimator<
  (theta: Tensor, lossOf: (states: Tensor) => Tensor, inputs?: SolverInputs, call?: CallOptions) => Tensor
>;

/** States, and ∂ ln p/∂θ of each, f32 [...batch, S, ...instance]; an evaluation has no scores. */
interface Draws {
  readonly states: Tensor;
  readonly score?: () => Tensor;
}

/**
 * The score function estimator (REINFORCE), with the mean of the other samples as baseline: it needs the losses of
 * states, and no gradient of them.
 *
 *     value      (1/S) Σ_s ℓ(z_s)
 *     gradient   (1/S) Σ_s (ℓ(z_s) − b_s) · ∇ ln p(z_s; θ)      b_s the mean of ℓ over the other samples; 0 for S = 1
 *
 * Of a distribution, ∇ ln p(z; θ) = z − E z. Of a perturbed solver the score is that of the weights it has seen,
 * −∇ ln q(ε)/τ, q the noise's density (costs: the negative). An evaluation takes the solver's states without noise; of
 * a distribution it draws, and passes no gradient to θ.
 *
 * Source: Williams 1992; Kool, van Hoof, Welling 2019 ("Buy 4 REINFORCE samples, get a baseline for free!").
 *
 * @param source a distribution (`kSubsets(k)`, `enumerated(states)`), or a solver
 * @param options.noise for a solver: a law whose score is known, by default `normal()`
 * @param options.temperature for a solver: τ > 0, by default 1
 * @throws ImleError `value` where an option is out of its range
 */
export function scoreFunction(source: Solver | StateDistribution, options: PerturbationOptions = {}): ExpectedLoss {
  const operation = "scoreFunction";
  const isDistribution = typeof source === "object" && source !== null && "marginals" in source;
  checkPerturbation(operation, options, [], isDistribution ? ["samples", "stream"] : perturbationNames);
  const { samples = 1 } = options;
  const placeOf = placesOf(operation, options.stream);
  if (isDistribution) {
    return expectedLoss(
      source,
      (theta, _inputs, call) => {
        const states = source.sample(theta, { samples, place: placeOf(theta.engine, call?.call) });
        return { states, score: () => source.score(theta, states) };
      },
      () => [],
    );
  }
  requireSolver(operation, source);
  const { noise = normal(), temperature = 1 } = options;
  requirePositive(operation, "temperature", temperature);
  const scoreOf = requireScore(operation, noise);
  return expectedLoss(
    source,
    (theta, inputs, options) => {
      if (!options) return { states: perturbAndMap(source, theta, { inputs, output: "samples" }) };
      const place = placeOf(theta.engine, options.call);
      const call: PerturbedCall = { noise, samples, temperature, perturbation: "additive", place, inputs };
      const score = (): Tensor => scoreOf(drawsOf(source, theta, call)).mul(signOf(source) / temperature);
      return { states: perturbedStates(source, theta, call), score };
    },
    kernelsOfCalls(source, () => [{ noise, samples, temperature, output: "samples" }]),
  );
}

function expectedLoss(
  { instanceAxes }: Pick<Solver, "instanceAxes">,
  draw: (theta: Tensor, inputs: SolverInputs, call: CallOptions | null) => Draws,
  kernelsFor: ExpectedLoss["kernelsFor"],
): ExpectedLoss {
  const operation = "scoreFunction";
  const call =
    (perturbed: boolean) =>
    (theta: Tensor, lossOf: (states: Tensor) => Tensor, inputs: SolverInputs = {}, own: CallOptions = {}): Tensor => {
      requireOptions(operation, own, callNames);
      requireTensor(operation, "the weights", theta, ["f32"]);
      must(
        typeof lossOf === "function",
        "value",
        () => `${operation}: the second argument must be a function from states to losses, got ${formatValue(lossOf)}`,
        "Pass (states) => losses, one loss a sample.",
      );
      const { states, score } = noGrad(() => draw(theta, inputs, perturbed ? own : null));
      const losses = lossOf(states);
      requireTensor(operation, "the losses", losses, ["f32"]);
      const sampleAxis = theta.shape.length - instanceAxes;
      const samples = states.shape[sampleAxis]!;
      const expected = [...theta.shape.slice(0, sampleAxis), samples];
      must(
        sameShape(losses.shape, expected),
        "shape",
        () => `${operation}: losses must be [...batch, S] = ${formatShape(expected)}, got ${formatShape(losses.shape)}`,
        "Sum over the axes of a state, not over samples or the batch.",
      );
      if (!perturbed) return losses.mean(-1);
      return customGradient({
        label: operation,
        inputs: [theta, losses],
        saved: [states],
        forward: () => losses.mean(-1),
        backward: (dy) => {
          const perSample = dy.reshape([...dy.shape, 1]).div(samples);
          const ones = Array.from({ length: instanceAxes }, () => 1);
          const gains = samples > 1 ? losses.sub(losses.mean(-1, true)).mul(samples / (samples - 1)) : losses;
          const weights = gains.mul(perSample).reshape([...expected, ...ones]);
          return [score!().mul(weights).sum(sampleAxis), broadcastTo(perSample, expected)];
        },
      });
    };
  return estimator({ train: call(true), eval: call(false), kernelsFor });
}
