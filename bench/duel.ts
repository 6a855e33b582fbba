/**
 * The same work by two builds, in alternation: what else the machine does then slows both down, and cancels in the
 * ratio of two batches beside each other. Nothing here knows of devices or clocks.
 */

import { type Estimate, estimateOf } from "./estimate.js";
import { type Batch, batchLength, type Figure, type RunBatch, unitTimes } from "./measure.js";
import { changeOf, type Change, type Ratio, ratioOfTurns } from "./ratio.js";

export interface DuelSettings {
  /** Milliseconds that a batch of the slower build takes. */
  readonly batchMilliseconds: number;
  /** Milliseconds, of all rounds together, after which no further pair begins. */
  readonly budgetMilliseconds: number;
  readonly rounds: number;
  /** The half width of the ratio's interval at which it is known well enough. */
  readonly precision: number;
  readonly maximumUnits: number;
  /** Milliseconds that a batch takes with next to nothing in it. */
  readonly fixedCost: number;
  readonly figure: Figure;
  /** The share of intervals that may miss the true ratio. */
  readonly uncertainty: number;
  /** Milliseconds. */
  readonly now: () => number;
}

export interface DuelResult extends Ratio {
  /** Milliseconds a unit. */
  readonly before: Estimate;
  readonly after: Estimate;
  readonly verdict: Change;
}

interface Exchange {
  readonly before: Batch;
  readonly after: Batch;
}

/** Pairs that each round takes, whatever its budget. */
const leastPairs = 3;
/** The interval of many pairs takes a while to find, in which nothing is measured. */
const pairsBetweenLooks = 6;

export class Duel {
  private units: number | null = null;
  private readonly exchanges: Exchange[] = [];

  constructor(private readonly settings: DuelSettings) {}

  /** Warms both up, and takes pairs until the ratio is known or the round's part of the budget is spent. */
  async round(before: RunBatch, after: RunBatch): Promise<void> {
    const { budgetMilliseconds, rounds, now } = this.settings;
    await before(1);
    await after(1);
    this.units ??= Math.min(
      await batchLength({ ...this.settings, run: before }),
      await batchLength({ ...this.settings, run: after }),
    );
    const end = now() + budgetMilliseconds / rounds;
    for (let pairs = 1; ; pairs++) {
      // Who comes second finds caches warm and clocks slowed: each is first as often.
      const first = this.exchanges.length % 2 === 0 ? before : after;
      const one = await first(this.units);
      const other = await (first === before ? after : before)(this.units);
      this.exchanges.push(first === before ? { before: one, after: other } : { before: other, after: one });
      if (pairs >= leastPairs && now() >= end) return;
      if (pairs % pairsBetweenLooks === 0 && this.isKnown()) return;
    }
  }

  /** After one round at least. */
  get result(): DuelResult {
    const [before, after] = [this.timesOf("before"), this.timesOf("after")];
    const found = ratioOfTurns(before, after, this.settings.uncertainty);
    return { before: estimateOf(before), after: estimateOf(after), ...found, verdict: changeOf(found) };
  }

  private isKnown(): boolean {
    const { interval } = this.result;
    return interval !== null && (interval[1] - interval[0]) / 2 <= this.settings.precision;
  }

  private timesOf(side: keyof Exchange): number[] {
    return unitTimes(this.exchanges.map((one) => ({ batch: one[side], units: this.units! })), this.settings);
  }
}
