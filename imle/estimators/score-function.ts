import { customGradient } from "../../engine/custom-gradient.js";
import { formatShape, formatValue, must } from "../../engine/error.js";
import { isRecord, requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { broadcastTo } from "../../engine/ops/shape.js";
import { sameShape } from "../../engine/shape.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import { type Solver, type SolverInputs, splitBatch } from "../../solvers/solver.js";
import type { StateDistribution } from "../distributions/distribution.js";
import { normal } from "../noise/normal/normal.js";
import { perturbAndMap } from "../perturb-and-map.js";
import { callNames, type CallOptions, type Estimator, estimator, kernelsOf, placesOf } from "./estimator.js";
import {
  checkPerturbation,
  perturbationNames,
  type PerturbationOptions,
  requirePositiveTemperature,
  requireSolver,
  scoreOf,
  signOf,
} from "./options.js";
import { type PerturbedCallOptions, perturbedCalls, sumKernel, sumOverNoise, tensorsOf } from "./perturbed-call.js";

/**
 * An expected loss: of weights θ, f32 [...batch, ...instance], and a function from states f32 [...batch, S, ...state]
 * to their losses f32 [...batch, S], it gives their mean f32 [...batch]. The function need not be differentiable; where
 * it is, its own parameters get their gradient too.
 */
export type ExpectedLoss = Estimator<
  (theta: Tensor, lossOf: (states: Tensor) => Tensor, inputs?: SolverInputs, call?: PerturbedCallOptions) => Tensor
>;

/** States f32 [...batch, S, ...state], and how their gains make the gradient; an evaluation has none. */
interface Draws {
  readonly states: Tensor;
  /** Σ_s gain_s·∂ ln p(z_s)/∂θ of gains f32 [...batch, S]. */
  readonly slope?: (gains: Tensor) => Tensor;
  /** What it reads. */
  readonly saved?: readonly Tensor[];
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
  if (isDistribution) {
    const placeOf = placesOf(operation, options.stream);
    const draw = (theta: Tensor, inputs: SolverInputs, call: CallOptions | null): Draws => {
      must(
        isRecord(inputs) && Object.keys(inputs).length === 0,
        "value",
        () => `${operation}: inputs must be left out where the source is a distribution, got ${formatValue(inputs)}`,
        "Pass {}; inputs are a solver's.",
      );
      if (call) requireOptions(operation, call, callNames);
      const states = source.sample(theta, { samples, place: placeOf(theta.engine, call?.call) });
      const ones = Array.from({ length: source.instanceAxes }, () => 1);
      const sampleAxis = theta.shape.length - source.instanceAxes;
      const slope = (gains: Tensor): Tensor =>
        source.score(theta, states).mul(gains.reshape([...gains.shape, ...ones])).sum(sampleAxis);
      return { states, slope };
    };
    return expectedLoss(source, draw, () => []);
  }
  requireSolver(operation, source);
  const { noise = normal(), temperature = 1 } = options;
  requirePositiveTemperature(operation, temperature);
  const score = scoreOf(operation, noise);
  const calls = perturbedCalls(operation, { ...options, noise });
  return expectedLoss(
    source,
    (theta, inputs, options) => {
      if (!options) return { states: perturbAndMap(source, theta, { inputs, output: "samples" }) };
      const call = calls.next(theta.engine, inputs, options);
      requirePositiveTemperature(operation, call.temperature);
      const batch = splitBatch(operation, source, theta.shape);
      const whole = { part: { first: 0, count: samples, of: samples }, scale: signOf(source) };
      return {
        states: perturbAndMap(source, theta, { ...call, output: "samples" }),
        slope: (gains) => sumOverNoise(operation, gains, score, batch, call, whole),
        saved: tensorsOf(call),
      };
    },
    kernelsOf(source, (theta) => {
      const call = calls.prepared(source, theta);
      const batch = splitBatch(operation, source, theta.shape);
      return { calls: [{ ...call, output: "samples" }], kernels: [sumKernel(theta, batch, score, false, call)] };
    }),
  );
}

function expectedLoss(
  { instanceAxes }: Pick<Solver, "instanceAxes">,
  draw: (theta: Tensor, inputs: SolverInputs, call: PerturbedCallOptions | null) => Draws,
  kernelsFor: ExpectedLoss["kernelsFor"],
): ExpectedLoss {
  const operation = "scoreFunction";
  const call =
    (perturbed: boolean) =>
    (
      theta: Tensor,
      lossOf: (states: Tensor) => Tensor,
      inputs: SolverInputs = {},
      own: PerturbedCallOptions = {},
    ): Tensor => {
      requireTensor(operation, "the weights", theta, ["f32"]);
      must(
        typeof lossOf === "function",
        "value",
        () => `${operation}: the second argument must be a function from states to losses, got ${formatValue(lossOf)}`,
        "Pass (states) => losses, one loss a sample.",
      );
      const { states, slope, saved = [] } = noGrad(() => draw(theta, inputs, perturbed ? own : null));
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
        saved: [states, ...saved],
        forward: () => losses.mean(-1),
        backward: (dy) => {
          const perSample = dy.reshape([...dy.shape, 1]).div(samples);
          const gains = samples > 1 ? losses.sub(losses.mean(-1, true)).mul(samples / (samples - 1)) : losses;
          return [slope!(gains.mul(perSample)), broadcastTo(perSample, expected)];
        },
      });
    };
  return estimator({ train: call(true), eval: call(false), kernelsFor });
}
