import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireChoice, requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { gather, oneHot } from "../../engine/ops/gather.js";
import { argmax } from "../../engine/ops/reduce.js";
import { expandDims } from "../../engine/ops/shape.js";
import { concatenate } from "../../engine/ops/slicing.js";
import { greater, maximum, sqrt, square } from "../../engine/ops/elementwise.js";
import { sameShape } from "../../engine/shape.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Solver } from "../../solvers/solver.js";
import { requireCount } from "../perturb-options.js";
import { closestPoint, closestPointKernels } from "./closest-point/closest-point.js";
import { type Estimator, estimator } from "./estimator.js";
import { batchOf, requireSolver, signOf } from "./options.js";

/** Options of {@link coneAlignedCosine}. */
export interface ConeAlignedOptions {
  /**
   * What θ is to be aligned with: `exact` its projection p onto the cone; `inner` (1 − r)·p/‖p‖ + r·ā, which is inside
   * of it, ā being the mean of the normals at unit length; `average` (1 − r)·θ/‖θ‖ + r·ā, for which nothing is projected.
   * By default `exact`.
   */
  readonly projection?: "exact" | "inner" | "average";
  /** r from 0 to 1. By default 0.2. */
  readonly innerRatio?: number;
  /** T from 1: the projection is that onto the cone of at most T normals, found one by one. By default 30. */
  readonly iterations?: number;
}

/**
 * A loss of weights θ, f32 [...batch, ...instance], and normals, f32 [...batch, m, ...instance]: one number an instance,
 * f32 [...batch]. Only θ gets a gradient.
 */
export type ConeLoss = Estimator<(theta: Tensor, normals: Tensor) => Tensor>;

/**
 * Cone-aligned vector estimation (CaVE): θ leads to the state y where it lies in the cone of the normals of y's binding
 * constraints, and the loss is how far its direction is from there. Nothing is solved, and the true weights are not
 * asked for, but for the constraints ⟨a, z⟩ ≤ b that y meets with equality: see {@link kSubsetNormals} for an example.
 *
 *     value      1 − cos(θ, p),   p the closest point to θ among Σ λ_j·a_j, λ ≥ 0           costs: of −c
 *     gradient   −(p/‖p‖ − cos·θ/‖θ‖) / ‖θ‖,   as if p were constant                       costs: its negative
 *
 * From 0 to 1, and 1 where the cone has nothing of θ (or has no normals): no gradient then. With `exact` that is the
 * gradient of the value, as where p is the best point. The projection is by non-negative least squares on the device:
 * T iterations at most, with at most T and 256 normals at a time, so that the point is of the cone whether or not it is
 * the closest one. CaVE-E of the paper is `exact`, with enough of them; CaVE+, which stops an interior point method early
 * to stay inside the cone, `inner`; CaVE-H, which projects only some batches, either and `average` by turns.
 *
 * Source: Tang, Khalil 2024, "CaVE" (arXiv 2312.07718), Section 3; projection: Lawson, Hanson 1974, Chapter 23.
 *
 * @returns a loss of (θ, normals); normals that are 0 throughout are padding
 * @throws ImleError `value` where an option is out of its range
 */
export function coneAlignedCosine(solver: Solver, options: ConeAlignedOptions = {}): ConeLoss {
  const operation = "coneAlignedCosine";
  requireSolver(operation, solver);
  requireOptions(operation, options, ["projection", "innerRatio", "iterations"]);
  const { projection = "exact", innerRatio = 0.2, iterations = 30 } = options;
  requireChoice(operation, "projection", projection, ["exact", "inner", "average"]);
  must(
    Number.isFinite(innerRatio) && innerRatio >= 0 && innerRatio <= 1,
    "value",
    () => `${operation}: innerRatio must be a number from 0 to 1, got ${formatValue(innerRatio)}`,
    "0.2 is the default.",
  );
  requireCount(operation, "iterations", iterations, 30);
  const sign = signOf(solver);

  const call = (theta: Tensor, normals: Tensor): Tensor => {
    const { batchShape, instanceShape, instances, size } = batchOf(operation, solver, theta);
    requireTensor(operation, "the normals", normals, ["f32"]);
    theta.engine.check(operation, [normals]);
    const split = batchShape.length;
    const count = normals.shape[split] ?? 0;
    must(
      count > 0 &&
        normals.shape.length === split + 1 + instanceShape.length &&
        sameShape(normals.shape.slice(0, split), batchShape) &&
        sameShape(normals.shape.slice(split + 1), instanceShape),
      "shape",
      () =>
        `${operation}: the normals must be [...batch, normals, ...instance] of the batch ${formatShape(batchShape)} ` +
        `and instances ${formatShape(instanceShape)}, got ${formatShape(normals.shape)}`,
      "Pass one normal or more an instance; pad with zeros where others have more.",
    );
    return theta.engine.scope(() => {
      const rows = theta.reshape([instances, size]);
      const aim = noGrad(() => aimOf(unit(rows.mul(sign)), normals.reshape([instances, count, size])));
      const cosine = unit(rows).mul(aim).sum(-1).mul(sign);
      return cosine.neg().add(1).reshape(batchShape);
    });
  };

  /** Unit vectors f32 [instances, size], to be aligned with. */
  const aimOf = (target: Tensor, normals: Tensor): Tensor => {
    const lengths = square(normals).sum(-1);
    const scales = greater(lengths, 0).div(sqrt(maximum(lengths, 1e-30)));
    const point = projection === "average" ? target : unit(projectionOf(target, normals, scales, iterations));
    if (projection === "exact") return point;
    const mean = expandDims(scales, 1).matmul(normals).reshape(target.shape);
    const present = maximum(greater(lengths, 0).sum(-1, true), 1);
    return unit(point.mul(1 - innerRatio).add(mean.div(present).mul(innerRatio)));
  };

  return estimator({
    train: call,
    eval: (theta: Tensor, normals: Tensor) => noGrad(() => call(theta, normals)),
    kernelsFor: (engine) => closestPointKernels(engine),
  });
}

/**
 * The normals of the constraints that bind at a subset z of k, in the polytope 0 ≤ x ≤ 1, Σ x = k: of x_i ≤ 1 for what
 * is chosen, of −x_i ≤ 0 for the rest, and both of the sum's. For {@link coneAlignedCosine}.
 *
 * @param states masks, f32 [...batch, n]
 * @returns f32 [...batch, n + 2, n]
 * @throws ImleError `dtype` or `shape` unless it is f32 of one axis or more
 */
export function kSubsetNormals(states: Tensor): Tensor {
  const operation = "kSubsetNormals";
  requireTensor(operation, "the states", states, ["f32"]);
  must(
    states.shape.length > 0,
    "shape",
    () => `${operation}: the states must be [...batch, n], got ${formatShape(states.shape)}`,
    "Pass masks, such as solve(topK(k), weights) gives.",
  );
  const { engine, shape } = states;
  const n = shape.at(-1)!;
  return engine.scope(() =>
    noGrad(() => {
      const signs = states.mul(2).sub(1).reshape([...shape.slice(0, -1), 1, n]);
      const own = oneHot(engine.arange(n, { dtype: "i32" }), n).mul(signs);
      const sums = engine.tensor([[1], [-1]]).mul(engine.ones([...shape.slice(0, -1), 2, n]));
      return concatenate([own, sums], -2);
    }),
  );
}

/** Rows at unit length; rows of zeros as they are. */
const unit = (rows: Tensor): Tensor => rows.div(sqrt(maximum(square(rows).sum(-1, true), 1e-30)));

/**
 * The points of the cones nearest to unit vectors.
 *
 * @param target f32 [instances, size]
 * @param normals f32 [instances, m, size], to be taken `scales`, f32 [instances, m], times
 */
function projectionOf(target: Tensor, normals: Tensor, scales: Tensor, iterations: number): Tensor {
  const { engine } = target;
  const [instances, count, size] = normals.shape as [number, number, number];
  const rows = normals.reshape([instances * count, size]);
  const firsts = engine.arange(instances, { dtype: "i32", step: count });
  const flat = scales.reshape([instances * count]);
  const best = (left: Tensor): Tensor => {
    const scores = left.reshape([instances, 1, size]).matmul(normals, { transposeB: true }).reshape(scales.shape);
    const places = argmax(scores.mul(scales), -1).add(firsts);
    return gather(rows, places).mul(gather(flat, places).reshape([instances, 1]));
  };
  return closestPoint({
    ...{ operation: "coneAlignedCosine", target, instances, size, iterations, best },
    ...{ scale: 1, sign: 1, over: "cone" },
  }).point;
}
