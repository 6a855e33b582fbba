import type { Engine, Preparable } from "../../engine/engine.js";
import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";
import type { Solver, SolverInputs } from "../../solvers/solver.js";
import { type PerturbOptions, perturbKernels } from "../perturb-and-map.js";

/** What every estimator has beside its call. `kernelsFor` is what `engine.prepare` asks. */
export interface Switch<Call> extends Preparable {
  /** From now on it solves without noise and passes no gradient. Returns itself. */
  eval(): Estimator<Call>;
  /** From now on it perturbs again. Returns itself. */
  train(): Estimator<Call>;
}

/** A differentiable call, in training or in evaluation. */
export type Estimator<Call> = Call & Switch<Call>;

/**
 * A solver as a layer, θ → z: weights f32 [...batch, ...instance], per-instance inputs of the solver by name, to states
 * f32 [...batch, ...instance], or [...batch, S, ...instance] for output `samples`.
 */
export type SolverLayer = Estimator<(theta: Tensor, inputs?: SolverInputs) => Tensor>;

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

/** Where an estimator draws its noise: the next call of its own stream, claimed at its first call on an engine. */
export function placesOf(operation: string, stream: number | undefined): (engine: Engine) => RandomPlace {
  const streams = new WeakMap<Engine, number>();
  return (engine) => {
    let claimed = streams.get(engine);
    if (claimed === undefined) streams.set(engine, (claimed = engine.random.claimStream(operation, stream)));
    return engine.random.next(claimed);
  };
}

/** The kernels of some calls of `perturbAndMap`, for `engine.prepare`. */
export function kernelsOfCalls(
  solver: Solver,
  calls: (theta: Tensor) => readonly PerturbOptions[],
): Preparable["kernelsFor"] {
  return (engine, shapes) =>
    engine.scope(() =>
      shapes.flatMap((shape) => {
        const theta = engine.zeros(shape);
        return calls(theta).flatMap((call) => perturbKernels(solver, theta, call));
      }),
    );
}
