import { customGradient } from "../engine/custom-gradient.js";
import { formatShape, formatValue, must } from "../engine/error.js";
import { isTensor, requireChoice, requireFlag, requireOptions, requireTensor } from "../engine/ops/arguments.js";
import type { Tensor } from "../engine/tensor.js";
import { requireInputs } from "../solvers/inputs.js";
import type { Solver, SolverInputs } from "../solvers/solver.js";
import { type Estimator, estimator, kernelsOf, placesOf, type Preparation } from "./estimators/estimator.js";
import { checkPerturbation, type LayerOptions, requireSolver, signOf } from "./estimators/options.js";
import { type PerturbedCallOptions, type PerturbedOptions, preparedNumbers } from "./estimators/perturbed-call.js";
import { requireTemperature } from "./instance-numbers.js";
import type { Noise } from "./noise/noise.js";
import { gumbel } from "./noise/gumbel/gumbel.js";
import { perturbAndMap } from "./perturb-and-map.js";
import { type PerturbOptions, requireCount } from "./perturb-options.js";
import { pid } from "./target/pid.js";
import { requireTarget, type SolvedOutput, type Target } from "./target/target.js";

/** Options of {@link imle}: noise is `gumbel()` by default, and `temperature` τ of the forward pass. */
export interface ImleOptions extends LayerOptions, PerturbedOptions {
  /** M draws a sample: z and z′ are then means over M within each sample. By default 1. */
  readonly marginalSamples?: number;
  /** τ′ of the backward pass. By default τ. */
  readonly targetTemperature?: number | Tensor;
  /** By default `pid({ alpha: 1, lambda: 1 })`. */
  readonly target?: Target;
  /** Divides the gradient by the target's λ. By default false; only for targets with a λ, and not for `adaptive`. */
  readonly divideByLambda?: boolean;
  /**
   * Looks on the device, as the weights are read, for θ and ∂L/∂z that are not finite: they are taken as 0 and reported
   * at the next read. By default false.
   */
  readonly checkFinite?: boolean;
}

/** What a single call of an `imle` layer may say anew; the rest is the layer's own. */
export interface ImleCall extends PerturbedCallOptions {
  /** This call's target, such as `known(θ*)` of this batch, or a λ that has changed. */
  readonly target?: Target;
  /** τ′ of this call. By default the layer's, or else this call's τ. */
  readonly targetTemperature?: number | Tensor;
}

/**
 * What {@link imle} makes: θ → z, from f32 [...batch, ...instance] to the same shape or, for output `samples`,
 * [...batch, S, ...instance]; then the solver's per-instance inputs, by name, and what is this call's own.
 */
export type ImleLayer = Estimator<(theta: Tensor, inputs?: SolverInputs, call?: ImleCall) => Tensor>;

/**
 * Implicit MLE: a discrete solver with a gradient.
 *
 *     forward    z_s = MAP(θ + τ·ε_s)                     perturb-and-MAP
 *     backward   z′_s = MAP(θ′ + τ′·ε_s)                  the same ε_s, θ′ from the target, such as θ − λ·∂L/∂z
 *                ∂L/∂θ = (1/S) Σ_s (z_s − z′_s)           a solver that minimises costs: the negative
 *
 * Either pass is one dispatch over all instances and samples, and at most one more that reduces. No noise is stored,
 * memory does not grow with S for output `mean`, and nothing is read back. With output `samples`, every sample has its
 * own ∂L/∂z_s as it arrives: a loss averaged over S needs S times the λ.
 *
 * Source: Niepert, Minervini, Franceschi 2021 (arXiv 2106.01798), Eq. 9, 10, 11.
 *
 * @throws ImleError `value` where an option is out of its range
 */
export function imle(solver: Solver, options: ImleOptions = {}): ImleLayer {
  requireSolver("imle", solver);
  checkPerturbation("imle", options, further);
  const { noise = gumbel(), samples = 1, marginalSamples = 1, target = pid(), output = "mean" } = options;
  const { temperature = 1, divideByLambda = false, checkFinite = false, perturbation = "additive" } = options;
  requireCount("imle", "marginalSamples", marginalSamples);
  requireChoice("imle", "perturbation", perturbation, ["additive", "multiplicative"]);
  requireFlag("imle", "divideByLambda", divideByLambda);
  requireFlag("imle", "checkFinite", checkFinite);
  checkCall({ temperature, ...options, target }, divideByLambda);
  const placeOf = placesOf("imle", options.stream);
  const { instanceAxes } = solver;
  const sign = signOf(solver);

  const perturbed = (theta: Tensor, inputs: SolverInputs, call: ImleCall): Tensor => {
    const own = { target, temperature, ...call };
    const targetTemperature = call.targetTemperature ?? options.targetTemperature ?? own.temperature;
    const place = placeOf(theta.engine, call.call);
    const { law } = call;
    // One literal for all: objects that grow out of others cost a step a tenth of its JavaScript.
    const optionsOf = (
      temperature: number | Tensor,
      output: PerturbOptions["output"],
      aim?: PerturbOptions["target"],
      differenceFrom?: PerturbOptions["differenceFrom"],
    ): PerturbOptions => ({
      noise,
      samples,
      marginalSamples,
      temperature,
      perturbation,
      law,
      inputs,
      place,
      checkFinite,
      output,
      target: aim,
      differenceFrom,
    });
    let z: Tensor;
    const backward = (gradient: Tensor): Tensor => {
      const { target } = own;
      if (target.backward) {
        const slope = target.backward({
          ...{ theta, gradient, samples, marginalSamples, instanceAxes, sign },
          states: knowsStates(output, samples, marginalSamples) ? z : null,
          solve: (side, { first, count, of }, output = "samples", differenceFrom) => {
            const part = { samples: count, sampleRange: { first, of } };
            const options = side
              ? optionsOf(targetTemperature, output, { target: side, gradient }, differenceFrom)
              : optionsOf(own.temperature, output);
            return perturbAndMap(solver, theta, { ...options, ...part });
          },
        });
        return divideByLambda ? slope.div(target.lambda!) : slope;
      }
      const scale = divideByLambda ? sign / target.lambda! : sign;
      const options = optionsOf(targetTemperature, "mean", { target, gradient }, { states: z, scale });
      return perturbAndMap(solver, theta, options);
    };
    checkWeights(own.target, theta);
    const others = [noise.given, own.target.tensor, law, own.temperature, targetTemperature];
    return customGradient({
      label: "imle",
      inputs: [theta],
      saved: [...Object.values(inputs), ...others.filter(isTensor)],
      forward: (weights) => (z = perturbAndMap(solver, weights, optionsOf(own.temperature, output))),
      backward,
    });
  };

  return estimator({
    train: (theta: Tensor, inputs: SolverInputs = {}, call: ImleCall = {}) => {
      requireTensor("imle", "the weights", theta, ["f32"]);
      requireInputs("imle", solver, inputs);
      requireOptions("imle", call, callNames);
      checkCall(call, divideByLambda);
      return perturbed(theta, inputs, call);
    },
    eval: (theta: Tensor, inputs: SolverInputs = {}, call: ImleCall = {}) => {
      requireOptions("imle", call, callNames);
      return perturbAndMap(solver, theta, { inputs, output: output === "samples" ? "samples" : "mean" });
    },
    kernelsFor: kernelsOf(solver, (theta) => preparationOf(solver, theta, { ...options, noise, target })),
  });
}

/** The calls of `perturbAndMap` that a step makes, and the kernels of its target. */
function preparationOf(
  solver: Solver,
  theta: Tensor,
  options: ImleOptions & { readonly noise: Noise; readonly target: Target },
): Preparation {
  const { noise, samples = 1, marginalSamples = 1, output = "mean", target, checkFinite = false } = options;
  const { temperature = 1, targetTemperature = temperature, perturbation = "additive" } = options;
  const { engine } = theta;
  const batch = theta.shape.slice(0, theta.shape.length - solver.instanceAxes);
  const own = { noise, samples, marginalSamples, perturbation, checkFinite };
  const forward = preparedNumbers(solver, theta, { ...own, temperature });
  const aimed = preparedNumbers(solver, theta, { ...own, temperature: targetTemperature });
  const sampled = [...batch, samples, ...theta.shape.slice(batch.length)];
  const states = output === "samples" ? engine.zeros(sampled) : theta;
  const aim = { target: { target, gradient: states } };
  if (!target.backward) {
    return { calls: [{ ...forward, output }, { ...aimed, ...aim, differenceFrom: { states, scale: 1 } }] };
  }
  const known = knowsStates(output, samples, marginalSamples) ? states : null;
  const outputs: readonly SolvedOutput[] = target.outputs ?? (marginalSamples > 1 ? (["samples", "sampleCounts"] as const) : (["samples"] as const));
  return {
    calls: [
      { ...forward, output },
      ...outputs.flatMap((output): PerturbOptions[] => [{ ...forward, output }, { ...aimed, ...aim, output }]),
      ...(outputs.includes("mean") ? [{ ...aimed, ...aim, differenceFrom: { states: theta, scale: 1 } }] : []),
    ],
    kernels: target.kernels?.(engine, { states: known, marginalSamples }) ?? [],
  };
}

/** Whether the forward pass leaves the state of every sample. */
const knowsStates = (output: ImleOptions["output"], samples: number, marginalSamples: number): boolean =>
  output === "samples" || (samples === 1 && marginalSamples === 1);

const further: readonly (keyof ImleOptions)[] = [
  ...(["output", "perturbation", "marginalSamples", "targetTemperature", "target"] as const),
  ...(["divideByLambda", "checkFinite"] as const),
];
const callNames: readonly (keyof ImleCall)[] = ["call", "target", "temperature", "targetTemperature", "law"];

function rule(condition: boolean, holds: string, got: unknown, fix: string): void {
  must(condition, "value", () => `imle: ${holds}, got ${formatValue(got)}`, fix);
}

/** A target made of weights of its own is known at the call, and not only backwards. */
function checkWeights({ name, tensor }: Target, theta: Tensor): void {
  must(
    tensor === undefined || formatShape(tensor.shape) === formatShape(theta.shape),
    "shape",
    () =>
      `imle: the ${name} target must be given f32 of the weights' shape ${formatShape(theta.shape)}, ` +
      `got ${tensor!.dtype} ${formatShape(tensor!.shape)}`,
    "Pass one number a weight, at each call where they change: { target: known(θ*) }.",
  );
}

/** What a layer and a single call have in common. */
function checkCall(call: ImleCall, divideByLambda: boolean): void {
  const { target, temperature, targetTemperature } = call;
  for (const [name, value] of Object.entries({ temperature, targetTemperature })) {
    if (value !== undefined) requireTemperature("imle", value, name);
  }
  if (target === undefined) return;
  requireTarget("imle", target);
  if (!divideByLambda) return;
  rule(
    target.lambda !== null,
    "divideByLambda must come with a target that has a λ of its own, as pid has",
    target.name,
    target.backward ? "Leave divideByLambda out: this target divides by itself." : "Leave divideByLambda out.",
  );
  rule(
    target.lambda! > 0,
    "lambda must be above 0 where the gradient is divided by it",
    target.lambda,
    "Set lambda, or leave divideByLambda out.",
  );
}
