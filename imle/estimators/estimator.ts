import { customGradient } from "../../engine/custom-gradient.js";
import type { Engine, Preparable } from "../../engine/engine.js";
import { formatValue, must } from "../../engine/error.js";
import type { Kernel } from "../../engine/kernel.js";
import { type RandomPlace, requireStream } from "../../engine/random.js";
import { requireOptions, requireTensor } from "../../engine/ops/arguments.js";
import { noGrad } from "../../engine/tape.js";
import type { Tensor } from "../../engine/tensor.js";
import { requireInputs } from "../../solvers/inputs.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import { perturbAndMap, perturbKernels } from "../perturb-and-map.js";
import type { PerturbOptions } from "../perturb-options.js";
import { batchOf, instanceAxesOf, requireLike } from "./options.js";
import type { PerturbedCallOptions } from "./perturbed-call.js";

/** What every estimator has beside its call. `kernelsFor` is what `engine.prepare` asks. */
export interface Switch<Call> extends Preparable {
  /** From now on it solves without noise and passes no gradient. Returns itself. */
  eval(): Estimator<Call>;
  /** From now on it perturbs again. Returns itself. */
  train(): Estimator<Call>;
}

/** A differentiable call, in training or in evaluation. */
export type Estimator<Call> = Call & Switch<Call>;

/** What a single call may say anew. */
export interface CallOptions {
  /**
   * Which call of its stream this is, from 0: the same call has the same noise, so one number for all steps holds the
   * noise fixed (sample average approximation). By default the next one, afresh.
   */
  readonly call?: number;
}

export const callNames: readonly (keyof CallOptions)[] = ["call"];

/**
 * A solver as a layer, θ → z: weights f32 [...batch, ...instance], per-instance inputs of the solver by name, to states
 * f32 [...batch, ...instance], or [...batch, S, ...instance] for output `samples`.
 */
export type SolverLayer = Estimator<(theta: Tensor, inputs?: SolverInputs, call?: PerturbedCallOptions) => Tensor>;

/** Joins the two ways of a call. */
export function estimator<Call extends (...parameters: never[]) => Tensor>(parts: {
  readonly train: Call;
  readonly eval: Call;
  readonly kernelsFor: Preparable["kernelsFor"];
}): Estimator<Call> {
  let call = parts.train;
  const joined: Estimator<Call> = Object.assign(((...parameters) => call(...parameters)) as Call, {
    eval: () => ((call = parts.eval), joined),
    train: () => ((call = parts.train), joined),
    kernelsFor: parts.kernelsFor,
  });
  return joined;
}

/**
 * Where an estimator draws its noise: the next call of its own stream, claimed at its first call on an engine, or the
 * call that is asked for.
 */
export function placesOf(
  operation: string,
  stream: number | undefined,
): (engine: Engine, call?: number) => RandomPlace {
  if (stream !== undefined) requireStream(operation, stream);
  const streams = new WeakMap<Engine, number>();
  return (engine, call) => {
    let claimed = streams.get(engine);
    if (claimed === undefined) streams.set(engine, (claimed = engine.random.claimStream(operation, stream)));
    if (call === undefined) return engine.random.next(claimed);
    must(
      Number.isInteger(call) && call >= 0 && call < 2 ** 32,
      "value",
      () => `${operation}: call must be a whole number from 0 to 2³² − 1, got ${formatValue(call)}`,
      "Leave it out to draw noise afresh.",
    );
    return engine.random.at(claimed, call);
  };
}

/** What `engine.prepare` is told of an estimator, for weights of a shape. */
export interface Preparation {
  /** The calls of `perturbAndMap` that it makes. */
  readonly calls: readonly PerturbOptions[];
  /** Kernels that it uses besides. */
  readonly kernels?: readonly Kernel[];
}

/** The kernels of an estimator, for `engine.prepare`. */
export function kernelsOf(solver: Solver, prepare: (theta: Tensor) => Preparation): Preparable["kernelsFor"] {
  return (engine, shapes) =>
    engine.scope(() =>
      shapes.flatMap((shape) => {
        const theta = engine.zeros(shape);
        const { calls, kernels = [] } = prepare(theta);
        return [...calls.flatMap((call) => perturbKernels(solver, theta, call)), ...kernels];
      }),
    );
}

/** A layer whose evaluation is the exact state of the weights as they are. */
export function solverLayer(
  operation: string,
  solver: Solver,
  output: "mean" | "samples",
  train: (theta: Tensor, inputs: SolverInputs, call: PerturbedCallOptions) => Tensor,
  prepare: (theta: Tensor) => Preparation,
): SolverLayer {
  return estimator({
    train: (theta: Tensor, inputs: SolverInputs = {}, call: PerturbedCallOptions = {}) => {
      requireTensor(operation, "the weights", theta, ["f32"]);
      requireInputs(operation, solver, inputs);
      return theta.engine.scope(() => train(theta, inputs, call));
    },
    eval: (theta: Tensor, inputs: SolverInputs = {}) => perturbAndMap(solver, theta, { inputs, output }),
    kernelsFor: kernelsOf(solver, (theta) => {
      const { calls, kernels = [] } = prepare(theta);
      return { calls: [...calls, { output }], kernels };
    }),
  });
}

/** A loss and its gradient, which are worked out together. */
export interface LossAndSlope {
  /** f32 [...batch] */
  readonly loss: Tensor;
  /** ∂loss/∂θ, f32 of θ's shape. */
  readonly slope: Tensor;
}

/**
 * A loss of weights θ, f32 [...batch, ...instance], and what they should lead to, f32 of the same shape: one number an
 * instance, f32 [...batch], for the caller to reduce. Only θ gets a gradient.
 */
export type SolverLoss<Call extends CallOptions = CallOptions> = Estimator<
  (theta: Tensor, y: Tensor, inputs?: SolverInputs, call?: Call) => Tensor
>;

/**
 * A loss whose evaluation is the same without noise and without a gradient.
 *
 * @param yName names the second argument in errors
 * @param compute runs unrecorded, in a scope; its last parameter is null without noise
 */
export function solverLoss<Call extends CallOptions = CallOptions>(
  operation: string,
  solver: Solver,
  yName: string,
  compute: (theta: Tensor, y: Tensor, inputs: SolverInputs, call: Call | null) => LossAndSlope,
  prepare: (theta: Tensor) => Preparation = () => ({ calls: [{}] }),
  names: readonly string[] = callNames,
): SolverLoss<Call> {
  const both = (theta: Tensor, y: Tensor, inputs: SolverInputs, call: Call | null): LossAndSlope => {
    batchOf(operation, solver, theta);
    requireLike(operation, yName, theta, y);
    requireInputs(operation, solver, inputs);
    return theta.engine.scope(() => noGrad(() => compute(theta, y, inputs, call)));
  };
  return estimator({
    train: (theta: Tensor, y: Tensor, inputs: SolverInputs = {}, call: Call = {} as Call) => {
      requireOptions(operation, call, names);
      const { loss, slope } = both(theta, y, inputs, call);
      const result = customGradient({
        label: operation,
        inputs: [theta],
        saved: [slope],
        forward: () => loss,
        backward: (dy) => slope.mul(dy.reshape([...dy.shape, ...instanceAxesOf(solver).map(() => 1)])),
      });
      slope.dispose();
      return result;
    },
    eval: (theta: Tensor, y: Tensor, inputs: SolverInputs = {}) => {
      const { loss, slope } = both(theta, y, inputs, null);
      slope.dispose();
      return loss;
    },
    kernelsFor: kernelsOf(solver, prepare),
  });
}

/**
 * Of weights v: how much better their best state w is than the state y, ⟨v, w − y⟩ (costs: ⟨v, y − w⟩), which is from
 * 0 and convex in v; and its gradient in v.
 */
export function excessOf(solver: Solver, weights: Tensor, y: Tensor, inputs: SolverInputs): LossAndSlope {
  const best = perturbAndMap(solver, weights, { inputs });
  const slope = solver.sense === "max" ? best.sub(y) : y.sub(best);
  return { loss: weights.mul(slope).sum(instanceAxesOf(solver)), slope };
}
