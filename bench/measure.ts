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
  /** Milliseconds after which no further pair begins. */
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
}

export interface MeasureOptions extends MeasureSettings {
  readonly run: RunBatch;
  /** Milliseconds. */
  readonly now: () => number;
  /** By default `wall`. */
  readonly figure?: Figure;
  /** Milliseconds that a batch takes with next to nothing in it, as {@link measureFixedCost} has it. */
  readonly fixedCost: number;
  /** In [0, 1); by default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Pairs from which on the interval of the median is known, and after which a spent budget ends the measurement: later
 * where the median is not above 0, which other work beside slow units can do to few pairs.
 */
const leastPairs = { settled: 6, spent: 3, positive: 12 } as const;
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

/** Warms up (the first batch also compiles), finds the length of a batch, and measures until the median is known. */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { run, now, figure = "wall", precision, budgetMilliseconds, random = Math.random } = options;
  await run(1);
  const units = await batchLength(options);

  const times: number[] = [];
  const devices: number[] = [];
  const recordings: number[] = [];
  const fixed: number[] = [];
  const end = now() + budgetMilliseconds;
  for (;;) {
    const long = units + Math.floor((random() * units) / 4);
    const short = Math.max(1, Math.round(long / 4));
    const brief = await run(short);
    const full = await run(long);
    const slope = (part: (batch: Batch) => number): number => (part(full) - part(brief)) / (long - short);
    // Calls do not wait for the device, so that no fixed part is to be taken out of their time.
    const calls = (full.recording + brief.recording) / (long + short);
    times.push(figure === "recording" ? calls : slope((batch) => batch.wall));
    recordings.push(calls);
    fixed.push(brief.wall - short * slope((batch) => batch.wall));
    if (full.device !== null && brief.device !== null) devices.push(slope((batch) => batch.device!));
    const time = summarise(times);
    const settled = isNarrow(time, precision);
    const enough = time.median > 0 ? leastPairs.spent : leastPairs.positive;
    if (!settled && (times.length < enough || now() < end)) continue;
    return {
      time,
      device: devices.length === times.length ? summarise(devices) : null,
      recording: median(recordings),
      fixed: median(fixed),
      units,
      settled,
    };
  }
}

function isNarrow({ median: middle, interval, count }: Summary, precision: number): boolean {
  if (interval === null || count < leastPairs.settled || !(middle > 0)) return false;
  return (interval[1] - interval[0]) / 2 <= precision * middle;
}

/** Units in a long batch: as many as take the time asked for, at least two. */
async function batchLength(options: MeasureOptions): Promise<number> {
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
