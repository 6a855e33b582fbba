import { customGradient } from "../engine/custom-gradient.js";
import { formatValue, must } from "../engine/error.js";
import type { Tensor } from "../engine/tensor.js";
import type { Solver, SolverInputs } from "../solvers/solver.js";
import { requireOptions } from "../engine/ops/arguments.js";
import { estimator, kernelsOfCalls, placesOf, type SolverLayer } from "./estimators/estimator.js";
import { differenceOfMeans } from "./mean.js";
import type { Noise } from "./noise/noise.js";
import { gumbel } from "./noise/gumbel/gumbel.js";
import { perturbAndMap } from "./perturb-and-map.js";
import { pid } from "./target/pid.js";
import type { Target } from "./target/target.js";

/** Options of {@link imle}. */
export interface ImleOptions {
  /** The law of the perturbations. By default `gumbel()`. */
  readonly noise?: Noise;
  /** Samples S an instance and call. By default 1. */
  readonly samples?: number;
  /** τ of the forward pass: weight = θ + τ·ε. By default 1. */
  readonly temperature?: number;
  /** τ′ of the backward pass. By default τ. */
  readonly targetTemperature?: number;
  /** By default `pid({ alpha: 1, lambda: 1 })`. */
  readonly target?: Target;
  /** Divides the gradient by the target's λ. By default false. */
  readonly divideByLambda?: boolean;
  /** `mean` over samples (Eq. 11), or every sample's state with the axis S before the instance's axes. By default `mean`. */
  readonly output?: "mean" | "samples";
  /** The noise's stream, 1 to 65,535; two layers of one stream share their noise. By default one of its own. */
  readonly stream?: number;
}

/** What {@link imle} makes: θ → z. */
export type ImleLayer = SolverLayer;

/**
 * Implicit MLE: a discrete solver with a gradient.
 *
 *     forward    z_s = MAP(θ + τ·ε_s)                     perturb-and-MAP
 *     backward   z′_s = MAP(θ′ + τ′·ε_s)                  the same ε_s, θ′ from the target, such as θ − λ·∂L/∂z
 *                ∂L/∂θ = (1/S) Σ_s (z_s − z′_s)           a solver that minimises costs: the negative
 *
 * Both passes are one dispatch over all instances and samples, and one that reduces. No noise is stored, memory does
 * not grow with S for output `mean`, and nothing is read back. With output `samples`, every sample has its own ∂L/∂z_s
 * as it arrives: a loss averaged over S needs S times the λ.
 *
 * Source: Niepert, Minervini, Franceschi 2021 (arXiv 2106.01798), Eq. 9, 10, 11.
 *
 * @throws ImleError `value` where an option is out of its range
 */
export function imle(solver: Solver, options: ImleOptions = {}): ImleLayer {
  requireOptions("imle", options, optionNames);
  const { noise = gumbel(), samples = 1, temperature = 1, target = pid(), output = "mean" } = options;
  const targetTemperature = options.targetTemperature ?? temperature;
  checkOptions(solver, { ...options, noise, samples, temperature, targetTemperature, target, output });
  const scale = (solver.sense === "max" ? 1 : -1) / (options.divideByLambda ? target.lambda : 1);
  const placeOf = placesOf("imle", options.stream);

  const perturbed = (theta: Tensor, inputs: SolverInputs): Tensor => {
    const common = { noise, samples, inputs, place: placeOf(theta.engine) };
    let z: Tensor;
    return customGradient({
      label: "imle",
      inputs: [theta],
      saved: [...Object.values(inputs), noise.given, target.tensor].filter((tensor) => tensor !== undefined),
      forward: (weights) => (z = perturbAndMap(solver, weights, { ...common, temperature, output })),
      backward: (gradient) => {
        const aimed = { ...common, temperature: targetTemperature, target: { target, gradient } };
        const counts = perturbAndMap(solver, theta, { ...aimed, output: "counts" });
        return differenceOfMeans(z, counts, { samples, scale, instanceAxes: solver.instanceAxes });
      },
    });
  };

  const unperturbed = (theta: Tensor, inputs: SolverInputs): Tensor =>
    perturbAndMap(solver, theta, { inputs, output: output === "samples" ? "samples" : "mean" });

  return estimator({
    train: (theta: Tensor, inputs: SolverInputs = {}) => perturbed(theta, inputs),
    eval: (theta: Tensor, inputs: SolverInputs = {}) => unperturbed(theta, inputs),
    kernelsFor: kernelsOfCalls(solver, (theta) => {
      const forward = { noise, samples, temperature, output };
      return [forward, { ...forward, output: "counts", target: { target, gradient: theta } }];
    }),
  });
}

const optionNames: readonly (keyof ImleOptions)[] = [
  "noise",
  "samples",
  "temperature",
  "targetTemperature",
  "target",
  "divideByLambda",
  "output",
  "stream",
];

function checkOptions(solver: Solver, options: ImleOptions): void {
  const { samples, temperature, targetTemperature, target, divideByLambda, output } = options;
  const rule = (condition: boolean, holds: string, got: unknown, fix: string): void =>
    must(condition, "value", () => `imle: ${holds}, got ${formatValue(got)}`, fix);
  rule(
    typeof solver?.name === "string" && typeof solver.strategies === "object",
    "the first argument must be a solver",
    solver,
    "Pass topK(k), or what defineSolver returned.",
  );
  rule(Number.isInteger(samples) && samples! >= 1, "samples must be a whole number from 1", samples, "1 is the default.");
  for (const [name, value] of Object.entries({ temperature, targetTemperature })) {
    rule(Number.isFinite(value) && value! >= 0, `${name} must be a number from 0`, value, "0 switches the noise off.");
  }
  rule(output === "mean" || output === "samples", "output must be mean or samples", output, "Leave it out for the mean.");
  rule(typeof options.noise?.wgsl === "string", "noise must be a noise", options.noise, "Pass gumbel(), and call it.");
  rule(typeof target?.wgsl === "string", "target must be a target", target, "Pass pid({ alpha, lambda }).");
  rule(
    !divideByLambda || target!.lambda > 0,
    "lambda must be above 0 where the gradient is divided by it",
    target?.lambda,
    "Set lambda, or leave divideByLambda out.",
  );
}
