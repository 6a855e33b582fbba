/**
 * The measuring core: what one unit of work costs, free of what a batch costs whatever is in it.
 *
 * A batch records n units and waits until the device has run them. It takes `fixed + n · unit`: the fixed part is the
 * wait itself, which on Deno is a poll about every 11 ms, so that a batch is also rounded up to the next poll. Each
 * sample is therefore a pair of batches, one short and one long, and counts
 *
 *     unit = (wall(long) − wall(short)) / (long − short)
 *
 * in which the fixed part cancels. The lengths of the pairs differ a little from one to the next: what is rounded up
 * then falls anywhere between two polls, and so cancels too in the middle of many pairs.
 *
 * Nothing here knows of devices or clocks: times come from the batches.
 */

import { leastOf } from "./ratio.js";
import { median, type Summary, summarise } from "./statistics.js";

/** What a batch took, in milliseconds. */
export interface Batch {
  /** From the first call to the end of the wait. */
  readonly wall: number;
  /** The calls alone: what JavaScript needs to record and submit the work. */
  readonly recording: number;
  /** By the device's own timestamps; null where it has none. */
  readonly device: number | null;
}

/** Runs so many units, one after the other, and waits for them. */
export type RunBatch = (units: number) => Promise<Batch>;

export interface MeasureSettings {
  /** Milliseconds that a long batch takes at least, save where `maximumUnits` is too few. */
  readonly batchMilliseconds: number;
  /** Milliseconds, of all rounds together, after which no further pair begins. */
  readonly budgetMilliseconds: number;
  /** The half width of the median's interval at which a measurement has settled, as a share of the median. */
  readonly precision: number;
  /** Units in a batch at most: each leaves commands and promises behind until it has run. */
  readonly maximumUnits: number;
}

/** Which part of a batch is the benchmark's figure. */
export type Figure = "wall" | "recording";

export interface Measurement {
  /** Milliseconds a unit. */
  readonly time: Summary;
  /** Milliseconds a unit by the device's timestamps; null where it has none. */
  readonly device: Summary | null;
  /** Milliseconds a unit that the calls take. */
  readonly recording: number;
  /** Milliseconds a batch, whatever is in it: measured, and not part of `time`. */
  readonly fixed: number;
  /** Units in a long batch. */
  readonly units: number;
  /** Whether the interval of the median became as narrow as asked for within the time budget. */
  readonly settled: boolean;
  /** What two runs are compared by; absent in older files, and where nothing was calibrated. */
  readonly samples?: Samples;
}

/** Single batches, in the order in which they were taken. */
export interface Samples {
  /** Milliseconds a unit: by the device's timestamps, or without what a wait costs. */
  readonly times: readonly number[];
  /** Milliseconds of the calibration kernel beside the least of them: the middle of its own least third. */
  readonly calibration: number;
}

export interface MeasureOptions extends MeasureSettings {
  readonly run: RunBatch;
  /** Milliseconds. */
  readonly now: () => number;
  /** By default `wall`. */
  readonly figure?: Figure;
  /** Milliseconds that a batch takes with next to nothing in it, as {@link measureFixedCost} has it. */
  readonly fixedCost: number;
  /** Between which other measurements have their turn; by default 1. */
  readonly rounds?: number;
  /** In [0, 1); by default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Pairs from which on the interval of the median is known; that each of several rounds takes where it has time for
 * them; and after which a spent budget ends the measurement: later where the median is not above 0, which other work
 * beside slow units can do to few pairs.
 */
const leastPairs = { settled: 6, round: 4, spent: 3, positive: 12 } as const;
const growth = 8;

/**
 * How long a batch takes with next to nothing in it: the wait for the device, and for whoever polls it.
 * @param run  runs next to nothing
 */
export async function measureFixedCost(run: () => Promise<Batch>, batches = 11): Promise<number> {
  await run();
  const walls: number[] = [];
  for (let i = 0; i < batches; i++) walls.push((await run()).wall);
  return median(walls);
}

/** The smallest step of a clock, in milliseconds. */
export function clockStep(now: () => number, steps = 20): number {
  let least = Infinity;
  for (let i = 0; i < steps; i++) {
    const start = now();
    let next = now();
    while (next === start) next = now();
    least = Math.min(least, next - start);
  }
  return least;
}

/**
 * A measurement that is made in rounds, between which others have their turn: what a machine is busy with for some
 * seconds then falls on a part of it alone.
 */
export class Measuring {
  private units: number | null = null;
  private rounds = 0;
  private readonly pairs: Pair[] = [];

  constructor(private readonly options: Omit<MeasureOptions, "run">) {}

  /**
   * Warms up (the first batch also compiles), in the first round finds the length of a batch, and takes pairs until the
   * median is known or the round's part of the budget is spent.
   * @param calibrate  times a kernel that is always the same, in milliseconds: done before and after each pair
   */
  async round(run: RunBatch, calibrate?: () => Promise<number>): Promise<void> {
    const { now, precision, budgetMilliseconds, rounds = 1, random = Math.random } = this.options;
    const isLast = ++this.rounds >= rounds;
    await run(1);
    const units = (this.units ??= await batchLength({ ...this.options, run }));
    const end = now() + budgetMilliseconds / rounds;
    let before = (await calibrate?.()) ?? null;
    for (let pairs = 1; ; pairs++) {
      const long = units + Math.floor((random() * units) / 4);
      const short = Math.max(1, Math.round(long / 4));
      const brief = await run(short);
      const full = await run(long);
      const after = (await calibrate?.()) ?? null;
      const calibration = before === null || after === null ? null : (before + after) / 2;
      this.pairs.push({ short, long, brief, full, calibration });
      before = after;
      const time = summarise(this.times());
      const spent = now() >= end;
      const enough = !isLast ? 1 : time.median > 0 ? leastPairs.spent : leastPairs.positive;
      if (spent && this.pairs.length >= enough) return;
      if (isNarrow(time, precision) && (spent || rounds === 1 || pairs >= leastPairs.round)) return;
    }
  }

  /** After one round at least. */
  get result(): Measurement {
    const { pairs } = this;
    const slope = summarise(this.times());
    const devices = pairs.flatMap(({ brief, full, long, short }) =>
      full.device === null || brief.device === null ? [] : [(full.device - brief.device) / (long - short)],
    );
    const hasDevice = devices.length === pairs.length;
    // A poll would be too much of a short batch's wall time.
    const batches = pairs.flatMap(({ short, long, brief, full }) => [
      ...(hasDevice ? [{ batch: brief, units: short }] : []),
      { batch: full, units: long },
    ]);
    // What other work did to few pairs may leave no difference: then what is left of a wait is no longer taken out.
    const long = pairs.map((pair) => ({ batch: pair.full, units: pair.long }));
    const time = slope.median > 0 ? slope : summarise(unitTimes(long, this.options));
    return {
      time,
      device: hasDevice ? summarise(devices) : null,
      recording: median(pairs.map(callsOf)),
      fixed: median(pairs.map((pair) => pair.brief.wall - pair.short * wallOf(pair))),
      units: this.units!,
      settled: isNarrow(slope, this.options.precision),
      ...(this.calibrations.length > 0 && {
        samples: { times: unitTimes(batches, this.options), calibration: leastOf(this.calibrations) },
      }),
    };
  }

  /** Milliseconds of the calibration kernel beside each pair. */
  get calibrations(): number[] {
    return this.pairs.flatMap(({ calibration }) => calibration ?? []);
  }

  private times(): number[] {
    return this.pairs.map(this.options.figure === "recording" ? callsOf : wallOf);
  }
}

interface Pair {
  readonly short: number;
  readonly long: number;
  readonly brief: Batch;
  readonly full: Batch;
  /** Milliseconds of the calibration kernel beside it; null where there is none. */
  readonly calibration: number | null;
}

const wallOf = ({ brief, full, long, short }: Pair): number => (full.wall - brief.wall) / (long - short);
// Calls do not wait for the device, so that no fixed part is to be taken out of their time.
const callsOf = ({ brief, full, long, short }: Pair): number => (full.recording + brief.recording) / (long + short);

/**
 * Milliseconds a unit of single batches: by the device's timestamps where every batch has them, else without what a
 * wait costs. They scatter a third as much as differences of two batches, and what is left of the wait in them is in
 * all alike: for ratios.
 */
export function unitTimes(
  batches: readonly { readonly batch: Batch; readonly units: number }[],
  { figure = "wall", fixedCost }: { readonly figure?: Figure; readonly fixedCost: number },
): number[] {
  const hasDevice = batches.every(({ batch }) => batch.device !== null);
  return batches.map(({ batch: { device, wall, recording }, units }) => {
    if (figure === "recording") return recording / units;
    return (hasDevice ? device! : Math.max(wall - fixedCost, wall / 10)) / units;
  });
}

/** A measurement in one round. */
export async function measure({ run, ...options }: MeasureOptions): Promise<Measurement> {
  const measuring = new Measuring(options);
  await measuring.round(run);
  return measuring.result;
}

function isNarrow({ median: middle, interval, count }: Summary, precision: number): boolean {
  if (interval === null || count < leastPairs.settled || !(middle > 0)) return false;
  return (interval[1] - interval[0]) / 2 <= precision * middle;
}

type BatchOptions = Pick<MeasureOptions, "run" | "batchMilliseconds" | "maximumUnits" | "fixedCost">;

/** Units in a long batch: as many as take the time asked for, at least two. */
export async function batchLength(options: BatchOptions): Promise<number> {
  const { run, batchMilliseconds, maximumUnits, fixedCost } = options;
  for (let units = 1; ; ) {
    const worked = (await run(units)).wall - fixedCost;
    const wanted = Math.ceil((units * batchMilliseconds) / Math.max(worked, batchMilliseconds / 1000));
    if (worked >= batchMilliseconds / 2 || units >= maximumUnits) {
      return Math.max(2, Math.min(wanted, maximumUnits));
    }
    units = Math.min(maximumUnits, Math.max(units + 1, Math.min(wanted, growth * units)));
  }
}
