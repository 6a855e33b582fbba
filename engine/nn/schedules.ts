import { formatValue, must } from "../error.js";
import { requireNumber, requireOptions } from "../ops/arguments.js";

/** The learning rate of a step (or epoch) counted from 0: a pure function, so that a run resumes from its count. */
export type Schedule = (step: number) => number;

/**
 * η falls by a factor at each of some steps: initial·factorⁿ, n the milestones that have been reached.
 *
 * @param options.initial η before the first, from 0
 * @param options.milestones steps (or epochs) in ascending order, from 1
 * @param options.factor above 0; 0.1 by default
 * @throws ImleError `value` where one is none of its range, or a step no whole number from 0
 * @example
 * const schedule = stepSchedule({ initial: 5e-4, milestones: [30, 40] });
 * optimiser.learningRate = schedule(epoch); // also in a step that is captured and replayed
 */
export function stepSchedule(options: { initial: number; milestones: readonly number[]; factor?: number }): Schedule {
  requireOptions("stepSchedule", options, ["initial", "milestones", "factor"]);
  const { initial, milestones, factor = 0.1 } = options;
  requireRate("stepSchedule", "initial", initial);
  requireNumber("stepSchedule", "factor", factor);
  must(
    factor > 0,
    "value",
    () => `stepSchedule: factor must be above 0, got ${factor}`,
    "Pass what the rate is multiplied by at each milestone, such as 0.1.",
  );
  must(
    Array.isArray(milestones) && milestones.every((one, i) => Number.isInteger(one) && one > (milestones[i - 1] ?? 0)),
    "value",
    () => `stepSchedule: milestones must be whole numbers from 1 in ascending order, got ${formatValue(milestones)}`,
    "Pass the steps at which the rate falls, such as [30, 40].",
  );
  const steps = [...milestones];
  return (step) => {
    requireStep("stepSchedule", step);
    return initial * factor ** steps.filter((milestone) => step >= milestone).length;
  };
}

/**
 * η falls along half a cosine (Loshchilov & Hutter 2017, Eq. 5): from `initial` at the end of the warm-up to `final` at
 * `steps`, and stays there. In the warm-up it grows evenly: initial·(step + 1)/warmup.
 *
 * @param options.initial the largest η, from 0
 * @param options.steps whole number from 1, above the warm-up
 * @param options.final from 0; 0 by default
 * @param options.warmup whole number of steps; 0 by default
 * @throws ImleError `value` where one is none of its range, or a step no whole number from 0
 */
export function cosineSchedule(options: { initial: number; steps: number; final?: number; warmup?: number }): Schedule {
  requireOptions("cosineSchedule", options, ["initial", "steps", "final", "warmup"]);
  const { initial, steps, final = 0, warmup = 0 } = options;
  requireRate("cosineSchedule", "initial", initial);
  requireRate("cosineSchedule", "final", final);
  must(
    Number.isInteger(warmup) && warmup >= 0 && Number.isInteger(steps) && steps > warmup,
    "value",
    () =>
      "cosineSchedule: steps must be a whole number above the warm-up, which is one from 0, " +
      `got ${formatValue(steps)} and ${formatValue(warmup)}`,
    "Pass the number of steps of the whole training.",
  );
  return (step) => {
    requireStep("cosineSchedule", step);
    if (step < warmup) return (initial * (step + 1)) / warmup;
    const progress = Math.min((step - warmup) / (steps - warmup), 1);
    return final + ((initial - final) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

function requireRate(operation: string, name: string, value: unknown): void {
  requireNumber(operation, name, value);
  must(
    value >= 0,
    "value",
    () => `${operation}: ${name} must be a number from 0, got ${value}`,
    "Pass a learning rate.",
  );
}

function requireStep(operation: string, step: unknown): void {
  must(
    typeof step === "number" && Number.isFinite(step) && step >= 0,
    "value",
    () => `${operation}: the step must be a number from 0, got ${formatValue(step)}`,
    "Count steps, or epochs, from 0.",
  );
}
