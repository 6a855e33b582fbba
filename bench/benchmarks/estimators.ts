/** A step (forward and backward) of every estimator through the same top-k, beside I-MLE's. */

import {
  adaptive,
  blackbox,
  coneAlignedCosine,
  contrastiveMap,
  type Engine,
  fenchelYoung,
  identity,
  imle,
  kSubsetNormals,
  kSubsets,
  listwiseRank,
  optimalState,
  perturbationGradient,
  perturbedOptimiser,
  pid,
  regularisedFenchelYoung,
  regularisedFrankWolfe,
  scoreFunction,
  simple,
  softSubset,
  solve,
  spoPlus,
  straightThrough,
  structuredSvm,
  sumOfGamma,
  type Target,
  type Tensor,
  topK,
} from "webgpu-imle";
import { type Benchmark, expectClose, type TimedCase } from "../benchmark.js";

const batch = 256;
const n = 100;
const k = 10;
const samples = 10;
const solver = topK(k);

interface Weights {
  readonly theta: Tensor;
  /** ∂L/∂z of the layers. */
  readonly gradient: Tensor;
  /** Weights that losses aim for. */
  readonly truth: Tensor;
  /** Their state. */
  readonly best: Tensor;
  /** Of the constraints that bind there. */
  readonly normals: Tensor;
}

/** What an estimator gives from the weights: a state [batch, n], or losses [batch]. */
type Estimate = (weights: Weights) => Tensor;

function imleTo(target: Target): Estimate {
  const layer = imle(solver, { noise: sumOfGamma({ kappa: k, iterations: 10 }), target });
  return ({ theta }) => layer(theta);
}

const layers: Readonly<Record<string, () => Estimate>> = {
  "I-MLE": () => imleTo(pid({ lambda: 10 })),
  "I-MLE, optimal state": () => imleTo(optimalState()),
  "I-MLE, adaptive": () => imleTo(adaptive({ beta: 1 })),
  blackbox: () => {
    const layer = blackbox(solver, { lambda: 10 });
    return ({ theta }) => layer(theta);
  },
  identity: () => {
    const layer = identity(solver);
    return ({ theta }) => layer(theta);
  },
  "straight-through": () => {
    const layer = straightThrough(solver);
    return ({ theta }) => layer(theta);
  },
  [`perturbed optimiser, S ${samples}`]: () => {
    const layer = perturbedOptimiser(solver, { samples });
    return ({ theta }) => layer(theta);
  },
  "regularised Frank–Wolfe, 10 solves": () => {
    const layer = regularisedFrankWolfe(solver, { iterations: 10 });
    return ({ theta }) => layer(theta);
  },
  SIMPLE: () => {
    const layer = simple(k);
    return ({ theta }) => layer(theta);
  },
  "relaxed top-k": () => {
    const layer = softSubset(k);
    return ({ theta }) => layer(theta);
  },
};

const losses: Readonly<Record<string, () => Estimate>> = {
  [`Fenchel–Young, S ${samples}`]: () => {
    const loss = fenchelYoung(solver, { samples });
    return ({ theta, best }) => loss(theta, best);
  },
  "SPO+": () => {
    const loss = spoPlus(solver);
    return ({ theta, truth }) => loss(theta, truth);
  },
  "structured SVM": () => {
    const loss = structuredSvm(solver);
    return ({ theta, best }) => loss(theta, best);
  },
  "perturbation gradient": () => {
    const loss = perturbationGradient(solver);
    return ({ theta, truth }) => loss(theta, truth);
  },
  "Fenchel–Young of a regulariser, 10 solves": () => {
    const loss = regularisedFenchelYoung(solver, { iterations: 10 });
    return ({ theta, best }) => loss(theta, best);
  },
  "cone-aligned cosine, 10 normals": () => {
    const loss = coneAlignedCosine(solver, { iterations: 10 });
    return ({ theta, normals }) => loss(theta, normals);
  },
  "contrastive MAP, pool of 256": () => {
    const loss = contrastiveMap(solver);
    return ({ theta, best }) => loss(theta, best, best);
  },
  "listwise rank, pool of 256": () => {
    const loss = listwiseRank(solver);
    return ({ theta, truth, best }) => loss(theta, truth, best);
  },
  [`score function, exact k-subsets, S ${samples}`]: () => {
    const loss = scoreFunction(kSubsets(k), { samples });
    return ({ theta, best }) =>
      loss(theta, (z) =>
        z
          .sub(best.reshape([batch, 1, n]))
          .pow(2)
          .sum(-1),
      );
  },
};

function weightsOf(engine: Engine): Weights {
  const theta = engine.normal([batch, n], { requiresGrad: true });
  const truth = engine.normal([batch, n]);
  const best = solve(solver, truth);
  return { theta, truth, gradient: engine.normal([batch, n]), best, normals: kSubsetNormals(best) };
}

function stepCase(name: string, create: () => Estimate): TimedCase {
  return {
    name: `${name} [${batch}, ${n}] k ${k}`,
    prepare(engine) {
      const weights = weightsOf(engine);
      const { theta, gradient } = weights;
      const estimate = create();
      const step = (): Tensor => {
        const y = estimate(weights);
        if (y.shape.length === 2) y.backward(gradient);
        else y.sum().backward();
        return y;
      };
      return {
        unit() {
          step();
          theta.grad = null;
        },
        async verify() {
          const scope = engine.openScope();
          const y = await step().read();
          const slopes = await theta.grad!.read();
          theta.grad = null;
          scope.close();
          const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((all, value) => all + value, 0);
          // A state has k ones, whatever draws it; these losses are of squares, or bounds of something above 0.
          if (y.length === batch * n) expectClose(`${name}: the sum of a state`, sum(y.subarray(0, n)), k);
          else if (!(sum(y) > 0)) throw new Error(`${name}: the losses must be above 0, got ${sum(y)}`);
          if (!slopes.some((slope) => slope !== 0)) throw new Error(`${name}: the gradient must not be 0 throughout`);
          if (!slopes.every(Number.isFinite)) throw new Error(`${name}: the gradient must be finite`);
        },
      };
    },
  };
}

export const estimators: Benchmark = {
  name: "estimators",
  summary: "a step of every estimator, forward and backward, through the same top-k",
  cases: [...Object.entries(layers), ...Object.entries(losses)].map(([name, create]) => stepCase(name, create)),
};
