import type { Engine } from "../../../engine/engine.js";
import { formatValue, must } from "../../../engine/error.js";
import type { Kernel } from "../../../engine/kernel.js";
import { requireOptions } from "../../../engine/ops/arguments.js";
import type { Tensor } from "../../../engine/tensor.js";
import { sampleParts } from "../../sample-parts.js";
import type { BackwardPass, Target } from "../target.js";
import adaptiveText from "./adaptive.wgsl";
import differenceText from "./difference.wgsl";
import magnitudeText from "./magnitude.wgsl";
import normsText from "./norms.wgsl";
import updateText from "./update.wgsl";

/** Options of {@link adaptive}. Defaults are those of the paper's experiments. */
export interface AdaptiveOptions {
  /** Weight of θ. By default 1. */
  readonly alpha?: number;
  /** `one-sided`: z − z′. `central`: half the difference of the states at θ + λ·∂L/∂z and θ − λ·∂L/∂z. */
  readonly difference?: "one-sided" | "central";
  /** β at the start, from 0: the step's length as a share of ‖θ‖. By default 0. */
  readonly beta?: number;
  /** n at the start, from 0. By default 1. */
  readonly norm?: number;
  /** How much β changes a call, from 0. By default 0.001. */
  readonly step?: number;
  /** Of β's changes, from 0 and below 1. By default 0. */
  readonly momentum?: number;
  /** What n keeps of itself at a call, from 0 to 1. By default 0.9. */
  readonly decay?: number;
  /** How many elements of a sample's difference are to be other than 0. By default 1. */
  readonly targetNorm?: number;
}

/** A target with a state on the device. */
export interface AdaptiveTarget extends Target {
  /**
   * `values`, f32 [4]: β, n, the last change of β, and the last λ. One state an engine, made at its first use; layers
   * that share the target share it. To save it, read it, or put it beside the parameters of a network; to restore it,
   * write it.
   */
  state(engine: Engine): { readonly values: Tensor };
}

const uniformUsage = 0x40;
const mostLanes = 4096;

/**
 * Adaptive I-MLE: θ′ = α·θ − λ·∂L/∂z, where λ is sought so that the gradient is as sparse as asked for.
 *
 *     λ = β·‖θ‖/‖∂L/∂z‖                    norms over the whole batch; 0 where ∂L/∂z is 0
 *     ∂L/∂θ = (z − z′)/λ                   or central; divided by 1 where λ is 0
 *     n ← decay·n + (1 − decay)·(elements of the difference other than 0, mean over instances and samples)
 *     d ← momentum·d ± step                + while n is below targetNorm
 *     β ← max(β + d, 0)
 *
 * β, n and d stay on the device and advance at each backward pass: nothing is read back. With output `samples`,
 * ‖∂L/∂z‖² is the mean over samples. Elements are counted sample by sample, so both sides are solved again where the
 * forward pass has left means alone; samples come in parts where their states would not fit 4 MiB.
 *
 * Source: Minervini, Franceschi, Niepert 2022 (arXiv 2209.04862), Section 3 and Algorithm 1.
 *
 * @throws ImleError `value` where an option is out of its range
 */
export function adaptive(options: AdaptiveOptions = {}): AdaptiveTarget {
  const { alpha, difference, beta, norm, ...learning } = checkedOptions(options);
  const states = new WeakMap<Engine, { values: Tensor }>();
  const stateOf = (engine: Engine): { values: Tensor } => {
    let state = states.get(engine);
    if (!state) {
      const values = engine.tensor([beta, norm, 0, 0], { label: "adaptive state", usage: uniformUsage }).keep();
      states.set(engine, (state = { values }));
    }
    return state;
  };
  const side = (target_side: 1 | -1): Target => ({ ...target, parameters: { alpha, side: target_side } });
  const target: AdaptiveTarget = {
    name: "adaptive",
    wgsl: adaptiveText,
    parameters: { alpha, side: 1 },
    lambda: null,
    state: stateOf,
    backward(pass) {
      const { theta, samples } = pass;
      const { engine } = theta;
      const { values } = stateOf(engine);
      const y = engine.output("adaptive", theta.shape);
      const differing = engine.output("adaptive", [1], "u32");
      measure(pass, values, differing);
      const counted = countsDraws(pass, difference);
      const output = counted ? "sampleCounts" : "samples";
      for (const part of sampleParts(samples, theta.size)) {
        engine.scope(() => {
          const known = difference === "one-sided" ? pass.states : null;
          const upper = known ?? pass.solve(difference === "central" ? side(-1) : null, part, output);
          const lower = pass.solve(side(1), part, output);
          const factor = pass.sign / (difference === "central" ? 2 : 1) / (counted ? pass.marginalSamples : 1);
          subtract(pass, counted, { upper, lower, y, differing, values }, {
            ...{ samples: part.count, factor },
            ...{ is_first: part.first === 0 ? 1 : 0, is_last: part.first + part.count === samples ? 1 : 0 },
            ...{ upper_samples: known ? samples : part.count, upper_first: known ? part.first : 0 },
          });
        });
      }
      engine.dispatch({
        kernel: updateKernel(engine),
        buffers: { differing: differing.slice("adaptive"), state: values.slice("adaptive") },
        uniforms: { states: (theta.size / instanceSize(pass)) * samples, ...learning },
        workgroups: 1,
      });
      return y;
    },
    kernels: (engine, pass) => [
      ...[normsKernel(engine), magnitudeKernel(engine), updateKernel(engine)],
      differenceKernel(engine, countsDraws(pass, difference)),
    ],
  };
  return target;
}

/**
 * Whether sides are compared by the sums of a sample's draws, which saves taking their means; not where one side is the
 * means that the forward pass has left.
 */
const countsDraws = (
  { states, marginalSamples }: Pick<BackwardPass, "states" | "marginalSamples">,
  difference: AdaptiveOptions["difference"],
): boolean => marginalSamples > 1 && (states === null || difference === "central");

const normsKernel = (engine: Engine): Kernel =>
  engine.kernel("adaptive norms", () => [{ name: "adaptive/norms.wgsl", text: normsText }]);
const magnitudeKernel = (engine: Engine): Kernel =>
  engine.kernel("adaptive magnitude", () => [{ name: "adaptive/magnitude.wgsl", text: magnitudeText }]);
const updateKernel = (engine: Engine): Kernel =>
  engine.kernel("adaptive update", () => [{ name: "adaptive/update.wgsl", text: updateText }]);
const differenceKernel = (engine: Engine, counted: boolean): Kernel =>
  engine.kernel(`adaptive difference:${counted}`, () => [
    { name: "adaptive/states", text: `alias State = ${counted ? "i32" : "f32"};` },
    { name: "adaptive/difference.wgsl", text: differenceText },
  ]);

/** λ of this call, from both norms: two dispatches. */
function measure({ theta, gradient, samples }: BackwardPass, values: Tensor, differing: Tensor): void {
  const { engine } = theta;
  const lanes = Math.min(mostLanes, Math.ceil(Math.max(theta.size, gradient.size, 1) / 16));
  const partials = engine.output("adaptive", [lanes, 2]);
  engine.dispatch({
    kernel: normsKernel(engine),
    buffers: {
      theta: theta.slice("adaptive"),
      gradient: gradient.slice("adaptive"),
      partials: partials.slice("adaptive"),
    },
    uniforms: { theta_size: theta.size, gradient_size: gradient.size, lanes },
    workgroups: Math.ceil(lanes / 64),
  });
  engine.dispatch({
    kernel: magnitudeKernel(engine),
    buffers: {
      partials: partials.slice("adaptive"),
      state: values.slice("adaptive"),
      differing: differing.slice("adaptive"),
    },
    uniforms: { lanes, gradient_samples: gradient.shape.length > theta.shape.length ? samples : 1 },
    workgroups: 1,
  });
}

function subtract(
  pass: BackwardPass,
  counted: boolean,
  tensors: Readonly<Record<"upper" | "lower" | "y" | "differing" | "values", Tensor>>,
  uniforms: Readonly<Record<string, number>>,
): void {
  const { theta } = pass;
  const { upper, lower, y, differing, values } = tensors;
  const { engine } = theta;
  engine.dispatch({
    kernel: differenceKernel(engine, counted),
    buffers: {
      upper: upper.slice("adaptive"),
      lower: lower.slice("adaptive"),
      state: values.slice("adaptive"),
      y: y.slice("adaptive"),
      differing: differing.slice("adaptive"),
    },
    uniforms: { elements: theta.size, size: instanceSize(pass), all_samples: pass.samples, ...uniforms },
    workgroups: Math.ceil(theta.size / 64),
  });
}

function instanceSize({ theta, instanceAxes }: BackwardPass): number {
  return theta.shape.slice(theta.shape.length - instanceAxes).reduce((size, length) => size * length, 1);
}

function checkedOptions(
  options: AdaptiveOptions,
): Required<Omit<AdaptiveOptions, "targetNorm">> & { target_norm: number } {
  requireOptions("adaptive", options, optionNames);
  const { alpha = 1, difference = "one-sided", beta = 0, norm = 1, step = 1e-3, momentum = 0, decay = 0.9 } = options;
  const { targetNorm = 1 } = options;
  const rule = (name: string, value: number, holds: (value: number) => boolean, range: string): void =>
    must(
      Number.isFinite(value) && holds(value),
      "value",
      () => `adaptive: ${name} must be a number ${range}, got ${formatValue(value)}`,
      "Leave it out to get that of the paper.",
    );
  rule("alpha", alpha, () => true, "that is finite");
  for (const [name, value] of Object.entries({ beta, norm, step, targetNorm })) rule(name, value, (x) => x >= 0, "from 0");
  rule("momentum", momentum, (x) => x >= 0 && x < 1, "from 0 and below 1");
  rule("decay", decay, (x) => x >= 0 && x <= 1, "from 0 to 1");
  must(
    difference === "one-sided" || difference === "central",
    "value",
    () => `adaptive: difference must be one-sided or central, got ${formatValue(difference)}`,
    "Leave it out for z − z′.",
  );
  return { alpha, difference, beta, norm, step, momentum, decay, target_norm: targetNorm };
}

const optionNames: readonly (keyof AdaptiveOptions)[] = [
  ...(["alpha", "difference", "beta", "norm", "step", "momentum", "decay", "targetNorm"] as const),
];
