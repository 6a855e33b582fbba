import { formatShape, must } from "../../engine/error.js";
import { requireTensor } from "../../engine/ops/arguments.js";
import { sameShape, sizeOf } from "../../engine/shape.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Solver } from "../../solvers/solver.js";
import { type Estimator, estimator } from "./estimator.js";
import { batchOf, requireLike, requireSolver, signOf } from "./options.js";

/**
 * A loss of weights θ, f32 [...batch, ...instance], what they should lead to, f32 of the same shape, and a pool of P
 * states, f32 [P, ...instance] for all instances, or [...batch, P, ...instance]: one number an instance, f32 [...batch].
 * Nothing is solved: what is compared are states that were found before, such as the optimal ones of all training data.
 * A pool grows with `concatenate([pool, solve(solver, theta)])`. Only θ gets a gradient.
 */
export type PoolLoss = Estimator<(theta: Tensor, y: Tensor, pool: Tensor) => Tensor>;

/** How states do by weights of a call. */
export interface PoolScores {
  /** ⟨weights, w⟩ of the pool's states, costs negative: more is better. f32 [...batch, P] */
  of(weights: Tensor): Tensor;
  /** The same of one state an instance: f32 [...batch, 1]. */
  ofState(weights: Tensor, state: Tensor): Tensor;
}

/**
 * A loss over a pool, differentiable by the tape; its evaluation is the same without a gradient.
 *
 * @param yName names the second argument in errors
 */
export function poolLoss(
  operation: string,
  solver: Solver,
  yName: string,
  compute: (theta: Tensor, y: Tensor, scores: PoolScores) => Tensor,
): PoolLoss {
  requireSolver(operation, solver);
  const call = (theta: Tensor, y: Tensor, pool: Tensor): Tensor => {
    const { batchShape, instanceShape, instances, size } = batchOf(operation, solver, theta);
    requireLike(operation, yName, theta, y);
    requireTensor(operation, "the pool", pool, ["f32"]);
    theta.engine.check(operation, [pool]);
    const split = pool.shape.length - instanceShape.length - 1;
    const count = pool.shape[split] ?? 0;
    const shared = split === 0;
    must(
      count > 0 &&
        sameShape(pool.shape.slice(split + 1), instanceShape) &&
        (shared || sameShape(pool.shape.slice(0, split), batchShape)),
      "shape",
      () =>
        `${operation}: the pool must be [states, ...] of ${formatShape(instanceShape)}, with or without the batch ` +
        `${formatShape(batchShape)} before, got ${formatShape(pool.shape)}`,
      "Pass states, such as solve(solver, weights) gives.",
    );
    const sign = signOf(solver);
    const states = pool.reshape(shared ? [count, size] : [instances, count, size]);
    return theta.engine.scope(() =>
      compute(theta, y, {
        of(weights) {
          const rows = weights.reshape(shared ? [instances, size] : [instances, 1, size]);
          return rows.matmul(states, { transposeB: true }).reshape([...batchShape, count]).mul(sign);
        },
        ofState: (weights, state) =>
          weights
            .mul(state)
            .reshape([...batchShape, sizeOf(instanceShape)])
            .sum(-1, true)
            .mul(sign),
      }),
    );
  };
  return estimator({
    train: call,
    eval: (theta: Tensor, y: Tensor, pool: Tensor) => noGrad(() => call(theta, y, pool)),
    kernelsFor: () => [],
  });
}
