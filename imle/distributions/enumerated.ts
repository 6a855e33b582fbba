import { formatShape, must } from "../../engine/error.js";
import { requireChoice, requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { slice } from "../../engine/ops/slicing.js";
import { logSoftmax } from "../../engine/ops/softmax.js";
import { sameShape, sizeOf } from "../../engine/shape.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import { topK } from "../../solvers/top-k/top-k.js";
import { gumbel } from "../noise/gumbel/gumbel.js";
import { perturbAndMap } from "../perturb-and-map.js";
import type { StateDistribution } from "./distribution.js";
import { requireSampling, requireStates } from "./requirements.js";
import { requireStateList, type StateList } from "./states.js";

/** The distribution of {@link enumerated}. */
export interface EnumeratedDistribution extends StateDistribution {
  /** All that can be drawn. */
  readonly states: StateList;
  /** ln p of every state, f32 [...batch, count], differentiable. */
  logProbabilities(theta: Tensor): Tensor;
  /** E f(z) of numbers f32 [count], one a state: f32 [...batch], differentiable in θ. */
  expectation(theta: Tensor, values: Tensor): Tensor;
}

/**
 * The distribution p(z; θ) ∝ exp⟨z, θ⟩ over a list of states, by enumeration: exact, and as slow as the list is long.
 *
 * @param options.sense `min`: p(z; c) ∝ exp(−⟨z, c⟩). By default `max`.
 * @example enumerated(kSubsetStates(10, 5)).marginals(theta) // θ [...batch, 10]
 * @throws ImleError `value` where the list is none; at a call `shape` where weights do not fit the states
 */
export function enumerated(
  states: StateList,
  options: { readonly sense?: "max" | "min" } = {},
): EnumeratedDistribution {
  const operation = "enumerated";
  requireOptions(operation, options, ["sense"]);
  const { sense = "max" } = options;
  requireChoice(operation, "sense", sense, ["max", "min"]);
  requireStateList(operation, states);
  const { shape, count, values } = states;
  const size = sizeOf(shape);
  const matrixOf = ({ engine }: Tensor): Tensor => engine.cache(values, () => engine.tensor(values, [count, size]));
  const batchOf = (theta: Tensor): readonly number[] => {
    requireTensor(operation, "the weights", theta, ["f32"]);
    const split = theta.shape.length - shape.length;
    must(
      split >= 0 && sameShape(theta.shape.slice(split), shape),
      "shape",
      () =>
        `${operation}: the weights must be [...batch, ...state], state ${formatShape(shape)}, ` +
        `got ${formatShape(theta.shape)}`,
      "Give the weights the states' shape.",
    );
    return theta.shape.slice(0, split);
  };
  /** ⟨z, θ⟩ of every state, [batch, count]. */
  const scoresOf = (theta: Tensor): Tensor => {
    const scores = theta.reshape([sizeOf(batchOf(theta)), size]).matmul(matrixOf(theta), { transposeB: true });
    return sense === "max" ? scores : scores.neg();
  };
  const inScope = (f: (theta: Tensor) => Tensor) => (theta: Tensor) => {
    batchOf(theta);
    return theta.engine.scope(() => f(theta));
  };
  const distribution: EnumeratedDistribution = {
    states,
    instanceAxes: shape.length,
    logProbabilities: inScope((theta) => logSoftmax(scoresOf(theta)).reshape([...batchOf(theta), count])),
    logPartition: inScope((theta) => {
      const scores = scoresOf(theta);
      return slice(scores.sub(logSoftmax(scores)), [null, 0]).reshape(batchOf(theta));
    }),
    marginals: inScope((theta) => logSoftmax(scoresOf(theta)).exp().matmul(matrixOf(theta)).reshape(theta.shape)),
    expectation: (theta, numbers) => {
      requireTensor(operation, "the values", numbers, ["f32"]);
      must(
        sameShape(numbers.shape, [count]),
        "shape",
        () => `${operation}: the values must be [${count}], one a state, got ${formatShape(numbers.shape)}`,
        "Work them out from the list of states.",
      );
      return inScope((weights) => distribution.logProbabilities(weights).exp().mul(numbers).sum(-1))(theta);
    },
    sample: (theta, options = {}) => {
      requireSampling(operation, options);
      const { samples = 1, place } = options;
      return noGrad(() =>
        inScope(() => {
          // Gumbel noise on the states' scores makes the best one a draw.
          const call = { noise: gumbel(), samples, output: "samples", ...(place && { place }) } as const;
          const chosen = perturbAndMap(topK(1), scoresOf(theta), call);
          return chosen.matmul(matrixOf(theta)).reshape([...batchOf(theta), samples, ...shape]);
        })(theta),
      );
    },
    score: (theta, drawn) => {
      batchOf(theta);
      requireStates(operation, theta, drawn, shape.length);
      const mean = distribution.marginals(theta).reshape([...batchOf(theta), 1, ...shape]);
      return sense === "max" ? drawn.sub(mean) : mean.sub(drawn);
    },
  };
  return distribution;
}
