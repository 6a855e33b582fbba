/** How long a run stays with a row, and how often it comes back to it. */

import type { MeasureSettings } from "./measure.js";

export interface Pace {
  readonly settings: MeasureSettings;
  /** Rounds of a row that has settled. */
  readonly least: number;
  /** Rounds of one that does not. */
  readonly most: number;
  /** Milliseconds of all that a row needs, about: the rows of a run share them out. */
  readonly patience: number;
}

export interface Clocks {
  /** Milliseconds that a batch takes with next to nothing in it. */
  readonly fixedCost: number;
  /** Milliseconds by which the processor's clock moves. */
  readonly step: number;
  /** Whether the device has a clock of its own. */
  readonly timestamps: boolean;
}

/** Milliseconds of a batch, of a round, and of all rounds of a row; the spread at which a row has settled. */
const paces = {
  quick: { batch: 15, round: 250, budget: 1500, least: 2, precision: 0.05 },
  full: { batch: 100, round: 1000, budget: 4000, least: 3, precision: 0.02 },
} as const;

// A poll (Deno's, 11 ms) rounds each batch up, so that batches are long against it where the device has no clock.
const batchOfFixedCost = 10;
const batchOfClockSteps = 200;

/** @param budget  milliseconds of all rounds of a row; by default what a quick run has, or a full one */
export function paceOf(quick: boolean, { fixedCost, step, timestamps }: Clocks, budget?: number): Pace {
  const pace = quick ? paces.quick : paces.full;
  const all = budget ?? pace.budget;
  const roundMilliseconds = Math.min(pace.round, all / pace.least);
  const batchMilliseconds = Math.max(pace.batch, batchOfClockSteps * step, timestamps ? 0 : batchOfFixedCost * fixedCost);
  return {
    settings: { batchMilliseconds, roundMilliseconds, precision: pace.precision, maximumUnits: 4096 },
    least: pace.least,
    patience: 1.25 * all,
    most: Math.max(pace.least, Math.round(all / roundMilliseconds)),
  };
}

/** Whether a row needs no further round. */
export const isOver = ({ least, most }: Pick<Pace, "least" | "most">, settled: boolean, round: number): boolean =>
  round + 1 >= (settled ? least : most);
