/** The methods that are compared: each gives the sum of the losses of its rows, whose gradient it estimates. */

import {
  blackbox,
  gumbel,
  imle,
  kSubsets,
  perturbedOptimiser,
  pid,
  scoreFunction,
  simple,
  softSubset,
  straightThrough,
  sumOfGamma,
  type Tensor,
  topK,
} from "webgpu-imle";

/** Items, and how many of them a state has. */
export const n = 10;
export const k = 5;

/** λ of I-MLE in the paper. */
export const publishedLambda = 2;

/** Learning rates that every method is tried with, and λ that I-MLE is. */
export const rates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const;
export const lambdas = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50] as const;

/** The sum over all rows of a loss of weights θ [groups, repeats, n] towards b, by a factor [groups, 1, 1] each. */
export type TotalLoss = (theta: Tensor, b: Tensor, scales: Tensor) => Tensor;

export interface Method {
  readonly name: string;
  /** What one step costs. */
  readonly work: string;
  /** The paper's learning rate. */
  readonly published?: number;
  /** How many times the steps of the others. */
  readonly patience?: number;
  readonly make: () => TotalLoss;
}


/** A layer's state in place of z. */
const ofState =
  (layer: (theta: Tensor) => Tensor): TotalLoss =>
  (theta, b, scales) =>
    layer(theta).sub(b).pow(2).mul(scales).sum();

const ofScores = (samples: number): TotalLoss => {
  const expected = scoreFunction(kSubsets(k), { samples });
  return (theta, b) =>
    expected(theta, (z) => z.sub(b.reshape([...b.shape.slice(0, -1), 1, n])).pow(2).sum(-1)).sum();
};

export const imleLoss = (lambda: number): TotalLoss =>
  ofState(imle(topK(k), { noise: sumOfGamma({ kappa: k, iterations: 10 }), target: pid({ lambda }) }));

export const methods = {
  exact: {
    name: "exact gradient",
    work: "all 252 states",
    make: () => {
      const { marginals } = kSubsets(k);
      // ‖z − b‖² = Σ z(1 − 2b) + ‖b‖² for masks, so its expectation needs only that of z.
      return (theta, b) => marginals(theta).mul(b.mul(-2).add(1)).sum();
    },
  },
  imle: { name: "I-MLE", work: "2 solves", published: 0.75, make: () => imleLoss(publishedLambda) },
  straightThrough: {
    name: "straight-through",
    work: "1 solve",
    published: 0.019,
    make: () => ofState(straightThrough(topK(k), { noise: gumbel() })),
  },
  scoreFunction: {
    name: "score function",
    work: "1 exact sample",
    published: 0.0046,
    patience: 10,
    make: () => ofScores(1),
  },
  scoreFunctionBaseline: {
    name: "score function with baseline",
    work: "10 exact samples",
    make: () => ofScores(10),
  },
  simple: { name: "SIMPLE", work: "1 exact sample", make: () => ofState(simple(k)) },
  perturbedOptimiser: {
    name: "perturbed optimiser",
    work: "11 solves",
    make: () => ofState(perturbedOptimiser(topK(k), { samples: 10 })),
  },
  blackbox: {
    name: "blackbox differentiation",
    work: "2 solves",
    make: () => ofState(blackbox(topK(k), { lambda: publishedLambda })),
  },
  softSubset: { name: "SoftSub", work: "none", make: () => ofState(softSubset(k, { softness: 0.5 })) },
} as const satisfies Readonly<Record<string, Method>>;

export type MethodKey = keyof typeof methods;
export const methodKeys = Object.keys(methods) as MethodKey[];
