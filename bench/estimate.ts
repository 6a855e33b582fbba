/** What a row is said to take, and how far the figure of another such run may be from it. */

import { leastOf, ratioOfRuns } from "./ratio.js";

export interface Estimate {
  /** The middle of the least third of the samples: other work only ever adds to a time. */
  readonly value: number;
  /** Two such runs differ by less, 19 of 20 times, as a share of the value; null below four samples. */
  readonly spread: number | null;
  /** Samples. */
  readonly count: number;
}

/** The share of pairs of runs that may differ by more than the spread says. */
const uncertainty = 0.05;

/** Other work that takes the calibration kernel f times as long takes a row from f^0 to f^1.5 times, as measured. */
export const mostSensitive = 1.5;

/** Up to here the calibration kernel scatters by itself. */
const scatterOfCalibration = 1.05;

/**
 * The spread is the interval that ranks give for the ratio of two runs, each with these samples. Where other work was
 * there all the time, a run without it may be quicker by as much as that work slowed it down.
 * @param samples  above 0, not empty
 * @param busy  how many times as long the calibration kernel took beside the least of them as it takes in quiet
 */
export function estimateOf(samples: readonly number[], busy = 1): Estimate {
  const { interval } = ratioOfRuns(samples, samples, uncertainty);
  const value = leastOf(samples);
  const count = samples.length;
  if (interval === null) return { value, spread: null, count };
  const [low, high] = interval;
  const slowdown = busy > scatterOfCalibration ? busy ** mostSensitive : 1;
  return { value, spread: Math.max(high - 1, 1 - low / slowdown), count };
}

/** Whether it is known to a share of the value. */
export const isKnown = ({ spread }: Estimate, precision: number): boolean => spread !== null && spread <= precision;
