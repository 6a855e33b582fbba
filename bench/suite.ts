/** Runs benchmarks on an engine and tells of each row. Knows of no runtime: the command and a page both use it. */

import { Engine } from "webgpu-imle";
import { batchesOf, Timestamps } from "./batches.js";
import { type Benchmark, type Case, isTimed, type Quantity, type TimedCase, type Work } from "./benchmark.js";
import { Calibration, fixedCostOf } from "./calibration.js";
import { clockStep, type MeasureOptions, Measuring } from "./measure.js";
import type { BenchEvent, Rate, Row, TimedRow } from "./results.js";
import { isOver, paceOf } from "./pace.js";
import { schedule } from "./schedule.js";

/** A case that is to be run. */
export interface Chosen {
  readonly benchmark: Benchmark;
  readonly case: Case;
}

export interface SuiteOptions {
  readonly chosen: readonly Chosen[];
  readonly quick: boolean;
  /** Milliseconds a row at most; by default what a quick run has, or a full one. */
  readonly budget?: number;
  /** Milliseconds for all rows together: what does not fit is left out, and named. By default as long as it takes. */
  readonly allowance?: number;
  readonly emit: (event: BenchEvent) => void;
  /** Aborted: ends before the next row. */
  readonly signal?: AbortSignal;
}

/** The name that patterns are looked for in. */
export const fullName = (benchmark: Benchmark, { name }: Case): string => `${benchmark.name}/${name}`;

/**
 * The cases whose name has one of the patterns in it; without any all, save sweeps where it is to be quick. Cases that
 * measure a ceiling come along with any that are timed, first, since the other rates are given as shares of theirs.
 */
export function choose(benchmarks: readonly Benchmark[], patterns: readonly string[], quick = false): Chosen[] {
  const all = benchmarks.flatMap((benchmark) => benchmark.cases.map((one): Chosen => ({ benchmark, case: one })));
  const wanted = ({ benchmark, case: one }: Chosen): boolean =>
    patterns.length === 0
      ? !(quick && one.sweep === true)
      : patterns.some((pattern) => fullName(benchmark, one).includes(pattern));
  const isCeiling = ({ case: one }: Chosen): boolean => isTimed(one) && one.ceiling !== undefined;
  const chosen = all.filter((one) => !isCeiling(one) && wanted(one));
  const needed = all.filter((one) => isCeiling(one) && (wanted(one) || chosen.some(({ case: other }) => isTimed(other))));
  return [...needed, ...chosen];
}

/** The patterns that no case's name has in it. */
export function unmatched(benchmarks: readonly Benchmark[], patterns: readonly string[]): string[] {
  const names = benchmarks.flatMap((benchmark) => benchmark.cases.map((one) => fullName(benchmark, one)));
  return patterns.filter((pattern) => !names.some((name) => name.includes(pattern)));
}

/** What every case of a run shares. */
interface Bench {
  readonly engine: Engine;
  readonly timestamps: Timestamps | null;
  readonly settings: Omit<MeasureOptions, "figure">;
}

// Of the wall time: from here on the calls, and not the device, may be what is measured.
const mostOfTheTime = 0.8;

/** What is known of a case that has been measured in some rounds. */
interface Timing {
  readonly measuring: Measuring;
  work: Work;
  verified: boolean;
}

/** Runs the cases one after the other, in rounds. A case that fails is a row that says so. */
export async function runSuite(options: SuiteOptions): Promise<void> {
  const { chosen, quick, budget, allowance = Infinity, emit, signal } = options;
  const now = (): number => performance.now();
  const engine = await Engine.create();
  const timestamps = Timestamps.of(engine.device);
  try {
    const fixedCost = await fixedCostOf(engine);
    const step = clockStep(now);
    const found = { fixedMilliseconds: fixedCost, clockStepMilliseconds: step, timestamps: timestamps !== null };
    emit({ type: "circumstances", circumstances: found });
    const calibration = await Calibration.create(engine, fixedCost, timestamps);
    const pace = paceOf(quick, { fixedCost, step, timestamps: timestamps !== null }, budget);
    const settings = { ...pace.settings, fixedCost, now, calibrator: calibration };
    const bench: Bench = { engine, timestamps, settings };
    const timings = new Map<Case, Timing>();
    const scheduled = chosen.map(({ benchmark, case: one }) => ({
      benchmark: benchmark.name,
      headline: isTimed(one) && one.headline === true,
      ceiling: isTimed(one) && one.ceiling !== undefined,
    }));
    const turns = schedule(scheduled, { ...pace, patience: pace.patience * chosen.length, allowance, now });
    for (let turn = turns.next(); !turn.done && signal?.aborted !== true; ) {
      const { index, round, leftOut, done, then } = turn.value;
      const { benchmark, case: one } = chosen[index]!;
      if (leftOut) {
        emit({ type: "left-out", name: fullName(benchmark, one) });
        turn = turns.next(true);
        continue;
      }
      emit({ type: "row-started", benchmark: benchmark.name, name: one.name, round: round + 1, done });
      const place = { benchmark: benchmark.name, name: one.name, parameters: one.parameters ?? {} };
      let row: Row;
      try {
        if (isTimed(one)) {
          row = await timeCase(bench, place, one, timings);
        } else {
          const progress = (share: number): void => emit({ type: "row-progress", done: done + share * (then - done) });
          row = { kind: "counted", ...place, counts: await one.count({ engine, quick, progress }) };
        }
      } catch (error) {
        row = { kind: "failed", ...place, message: error instanceof Error ? error.message : String(error) };
      }
      const isLast = row.kind !== "timed" || isOver(pace, row.measurement.settled, round);
      emit({ type: "row", row, isLast });
      turn = turns.next(isLast);
    }
    calibration.dispose();
  } finally {
    timestamps?.dispose();
    engine.dispose();
  }
}

/** A round of a case; its result is compared before the first one. Gives what the rounds so far make of it. */
async function timeCase(bench: Bench, place: RowPlace, one: TimedCase, timings: Map<Case, Timing>): Promise<TimedRow> {
  const { engine, timestamps, settings } = bench;
  const { figure = "wall" } = one;
  const known = timings.get(one);
  const timing = known ?? { measuring: new Measuring({ ...settings, figure }), work: {}, verified: false };
  timings.set(one, timing);
  const scope = engine.openScope();
  try {
    const prepared = await one.prepare(engine);
    if (known === undefined) await prepared.verify?.();
    timing.work = prepared.work ?? {};
    timing.verified = prepared.verify !== undefined;
    await timing.measuring.round(batchesOf(engine, () => prepared.unit(), timestamps));
  } finally {
    scope.close();
  }
  return rowOf(place, one, timing);
}

type RowPlace = Pick<TimedRow, "benchmark" | "name" | "parameters">;

/** What the rounds so far make of a case. */
function rowOf(place: RowPlace, one: TimedCase, timing: Timing): TimedRow {
  const { figure = "wall", ceiling = null } = one;
  const { work, verified, measuring } = timing;
  const measurement = measuring.result;
  const { value: time } = measurement.time;
  return {
    kind: "timed",
    ...place,
    figure,
    measurement,
    work,
    rates: ratesOf(work, time),
    ceiling,
    busy: measuring.busy,
    boundByCalls: figure === "wall" && measurement.recording > mostOfTheTime * time,
    verified,
  };
}

const ratesOf = (work: Work, milliseconds: number): Rate[] =>
  (Object.entries(work) as [Quantity, number][]).map(([quantity, amount]) => {
    return { quantity, perSecond: (amount / milliseconds) * 1000, share: null };
  });
