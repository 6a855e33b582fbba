/**
 * The measuring core: what one unit of work costs, free of what a batch costs whatever is in it.
 *
 * A batch records n units and waits until the device has run them. It takes `fixed + n · unit`: the fixed part is the
 * wait itself, which on Deno is a poll about every 11 ms. Where the device has a clock of its own, that clock does not
 * see the wait, and each batch is a sample. Elsewhere long and short batches take turns, and
 *
 *     unit = (wall(long) − wall(short)) / (long − short)
 *
 * of the least of each says what the fixed part is, which is then taken out of the long ones. Their lengths differ a
 * little from one to the next: what a poll rounds up then falls anywhere between two polls, and cancels too.
 *
 * Nothing here knows of devices or clocks: times come from the batches.
 */

import { type Estimate, estimateOf, isKnown } from "./estimate.js";
import { least, leastOf, leastShare } from "./ratio.js";
import { median } from "./statistics.js";

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
  /** Milliseconds that a batch takes at least, save where `maximumUnits` is too few. */
  readonly batchMilliseconds: number;
  /** Milliseconds after which a round ends, whatever is known. */
  readonly roundMilliseconds: number;
  /** The spread at which a measurement has settled. */
  readonly precision: number;
  /** Units in a batch at most: each leaves commands and promises behind until it has run. */
  readonly maximumUnits: number;
}

/** Which part of a batch is the benchmark's figure. */
export type Figure = "wall" | "recording";

export interface Measurement {
  /** Milliseconds a unit: by the device's clock where it has one. */
  readonly time: Estimate;
  /** The same by the processor's clock, without what a wait costs; null where `time` is by that already. */
  readonly wall: number | null;
  /** Milliseconds a unit that the calls take. */
  readonly recording: number;
  /** Milliseconds a batch, whatever is in it: measured, and not part of `time`. */
  readonly fixed: number;
  /** Units in a batch. */
  readonly units: number;
  /** Whether the spread became as small as asked for within the time budget. */
  readonly settled: boolean;
  readonly samples: Samples;
}

/** Single batches, in the order in which they were taken. */
export interface Samples {
  /** Milliseconds a unit. */
  readonly times: readonly number[];
  /** Milliseconds of the calibration kernel beside each; null where nothing was calibrated. */
  readonly calibrations: readonly number[] | null;
}

/**
 * Milliseconds of the calibration kernel beside the least of the samples, their geometric mean; null where nothing was
 * calibrated.
 * @param share  of the samples
 */
export function calibrationOf({ times, calibrations }: Samples, share: number): number | null {
  if (calibrations === null) return null;
  const besides = times.map((time, i) => ({ time, beside: calibrations[i]! }));
  const logs = least(besides, ({ time }) => time, share).map(({ beside }) => Math.log(beside));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

/** A kernel that is always the same, which tells how busy the machine is. */
export interface Calibrator {
  /** Milliseconds that it takes now. */
  time(): Promise<number>;
  /** Milliseconds that it takes in the quiet moments of the run. */
  quiet(): number;
}

export interface MeasureOptions extends MeasureSettings {
  /** Milliseconds. */
  readonly now: () => number;
  /** By default `wall`. */
  readonly figure?: Figure;
  /** Milliseconds that a batch takes with next to nothing in it, as {@link measureFixedCost} has it. */
  readonly fixedCost: number;
  readonly calibrator?: Calibrator;
  /** In [0, 1); by default `Math.random`. */
  readonly random?: () => number;
}

/** Samples that a round takes before it may end: by what is known, or because its time is spent. */
const leastSamples = { known: 12, spent: 2 } as const;
const growth = 8;
/** Milliseconds between two looks at how busy the machine is. */
const betweenCalibrations = 100;

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

interface Counted {
  readonly units: number;
  readonly batch: Batch;
}

interface Taken extends Counted {
  /** How many times the machine had been looked at before: the looks beside it are this one and the next. */
  readonly looks: number;
}

const wallOf = ({ batch, units }: Counted): number => batch.wall / units;
const recordingOf = ({ batch, units }: Counted): number => batch.recording / units;

/**
 * A measurement that is made in rounds, between which others have their turn: what a machine is busy with for some
 * seconds then falls on a part of it alone, and the least of its samples are free of it.
 */
export class Measuring {
  private units: number | null = null;
  private readonly long: Taken[] = [];
  private readonly short: Taken[] = [];
  private readonly calibrations: number[] = [];

  constructor(private readonly options: MeasureOptions) {}

  /**
   * Warms up (the first batch also compiles), in the first round finds the length of a batch, and takes samples until
   * the time is known or the round's time is spent.
   */
  async round(run: RunBatch): Promise<void> {
    const { now, precision, roundMilliseconds, calibrator, figure = "wall", random = Math.random } = this.options;
    const { device } = await run(1);
    const inPairs = figure === "wall" && device === null;
    const units = (this.units ??= await batchLength({ ...this.options, run }));
    const take = async (list: Taken[], count: number): Promise<void> =>
      void list.push({ units: count, batch: await run(count), looks: this.calibrations.length });
    const end = now() + roundMilliseconds;
    let calibrated = -Infinity;
    const calibrate = async (): Promise<void> => {
      if (calibrator === undefined) return;
      this.calibrations.push(await calibrator.time());
      calibrated = now();
    };
    for (let samples = 1; ; samples++) {
      if (now() - calibrated >= betweenCalibrations) await calibrate();
      const count = units + Math.floor((random() * units) / 4);
      if (inPairs) await take(this.short, Math.max(1, Math.round(count / 4)));
      await take(this.long, count);
      const isSpent = samples >= leastSamples.spent && now() >= end;
      if (isSpent || (samples >= leastSamples.known && isKnown(estimateOf(this.samples().times), precision))) break;
    }
    await calibrate();
  }

  /** After one round at least. */
  get result(): Measurement {
    const { figure = "wall", precision, fixedCost } = this.options;
    const { times, fixed } = this.samples();
    const time = estimateOf(times, this.busy);
    const hasClock = figure === "wall" && this.long.every(({ batch }) => batch.device !== null);
    return {
      time,
      wall: hasClock ? leastOf(this.long.map((one) => withoutWait(one, fixedCost))) : null,
      recording: leastOf(this.long.map(recordingOf)),
      fixed,
      units: this.units!,
      settled: isKnown(time, precision),
      samples: { times, calibrations: this.besides },
    };
  }

  /** How many times as long the calibration kernel took beside the least samples as in the run's quiet moments. */
  get busy(): number {
    const beside = calibrationOf({ times: this.samples().times, calibrations: this.besides }, leastShare);
    return beside === null ? 1 : Math.max(1, beside / this.options.calibrator!.quiet());
  }

  private get besides(): number[] | null {
    if (this.calibrations.length === 0) return null;
    return this.long.map(({ looks }) => median(this.calibrations.slice(looks - 1, looks + 1)));
  }

  /** Milliseconds a unit of each batch, and what a batch takes beside its units. */
  private samples(): { readonly times: number[]; readonly fixed: number } {
    const { long, short } = this;
    const { figure, fixedCost } = this.options;
    if (figure === "recording") return { times: long.map(recordingOf), fixed: fixedCost };
    if (short.length === 0) {
      const waits = long.map(({ batch }) => batch.wall - (batch.device ?? batch.wall - fixedCost));
      return { times: unitTimes(long, this.options), fixed: median(waits) };
    }
    const fixed = waitOf(short, long) ?? fixedCost;
    return { times: long.map((one) => withoutWait(one, fixed)), fixed };
  }
}

/** Milliseconds that all batches take alike, by the least of both; null where other work has eaten the difference up. */
function waitOf(short: readonly Counted[], long: readonly Counted[]): number | null {
  const [brief, full] = [short, long].map((list) => least(list, wallOf, leastShare)) as [Counted[], Counted[]];
  const slopes = brief.flatMap((a) =>
    full.flatMap((b) => (b.units > a.units ? (b.batch.wall - a.batch.wall) / (b.units - a.units) : [])),
  );
  const unit = median(slopes);
  return unit > 0 ? Math.max(0, median(brief.map(({ batch, units }) => batch.wall - units * unit))) : null;
}

/** Milliseconds a unit by the processor's clock; something is left of the shortest batch too. */
const withoutWait = ({ batch: { wall }, units }: Counted, wait: number): number =>
  Math.max(wall - wait, wall / 10) / units;

/** Milliseconds a unit of single batches: by the device's clock where it has one, else without what a wait costs. */
export function unitTimes(
  batches: readonly Counted[],
  { figure = "wall", fixedCost }: { readonly figure?: Figure; readonly fixedCost: number },
): number[] {
  const hasClock = batches.every(({ batch }) => batch.device !== null);
  return batches.map((one) => {
    if (figure === "recording") return recordingOf(one);
    return hasClock ? one.batch.device! / one.units : withoutWait(one, fixedCost);
  });
}

/** A measurement in one round. */
export async function measure({ run, ...options }: MeasureOptions & { readonly run: RunBatch }): Promise<Measurement> {
  const measuring = new Measuring(options);
  await measuring.round(run);
  return measuring.result;
}

type BatchOptions = Pick<MeasureOptions, "batchMilliseconds" | "maximumUnits" | "fixedCost"> & {
  readonly run: RunBatch;
};

/** Units in a batch: as many as take the time asked for, at least two where a short batch is to be shorter. */
export async function batchLength(options: BatchOptions): Promise<number> {
  const { run, batchMilliseconds, maximumUnits, fixedCost } = options;
  for (let units = 1; ; ) {
    const { device, wall } = await run(units);
    const worked = device ?? wall - fixedCost;
    const wanted = Math.ceil((units * batchMilliseconds) / Math.max(worked, batchMilliseconds / 1000));
    if (worked >= batchMilliseconds / 2 || units >= maximumUnits) {
      return Math.max(device === null ? 2 : 1, Math.min(wanted, maximumUnits));
    }
    units = Math.min(maximumUnits, Math.max(units + 1, Math.min(wanted, growth * units)));
  }
}
