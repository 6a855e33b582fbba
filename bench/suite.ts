/** Runs benchmarks on an engine and tells of each row. Knows of no runtime: the command and a page both use it. */

import { Engine } from "webgpu-imle";
import { Allowance } from "./allowance.js";
import { batchesOf, Timestamps } from "./batches.js";
import { type Benchmark, type Case, isTimed, type Quantity, type TimedCase, type Work } from "./benchmark.js";
import { Calibration, fixedCostOf } from "./calibration.js";
import { clockStep, type MeasureSettings, Measuring } from "./measure.js";
import type { BenchEvent, Rate, Row, TimedRow } from "./results.js";
import { median } from "./statistics.js";

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

// A poll (Deno's, 11 ms) rounds each batch up, so batches are long against it.
const batchOfFixedCost = 10;
const batchOfClockSteps = 500;

/** Rounds of a run that is not quick: each row is measured at several times, so that drift is seen in its spread. */
const fullRounds = 4;

/** Milliseconds a row at most, without what a case needs to get ready. */
const budgets = { quick: 800, full: 4000 } as const;

function settingsFor(quick: boolean, budget: number | undefined, fixedCost: number, step: number): MeasureSettings {
  return {
    batchMilliseconds: Math.max(quick ? 40 : 100, batchOfFixedCost * fixedCost, batchOfClockSteps * step),
    budgetMilliseconds: budget ?? (quick ? budgets.quick : budgets.full),
    precision: quick ? 0.05 : 0.02,
    maximumUnits: 4096,
  };
}

// Of the wall time: from here on the calls, and not the device, may be what is measured.
const mostOfTheTime = 0.8;

/** What is known of a case that has been measured in some rounds. */
interface Timing {
  readonly measuring: Measuring;
  work: Work;
  verified: boolean;
}

/** What every case of a run shares. */
interface Bench {
  readonly engine: Engine;
  readonly timestamps: Timestamps | null;
  readonly calibration: Calibration;
  readonly ceilings: Map<Quantity, number>;
}

/** Runs the cases one after the other, in rounds. A case that fails is a row that says so. */
export async function runSuite(options: SuiteOptions): Promise<void> {
  const { chosen, quick, budget, allowance = Infinity, emit, signal } = options;
  const rounds = quick ? 1 : fullRounds;
  const time = new Allowance(allowance, () => performance.now());
  const engine = await Engine.create();
  const timestamps = Timestamps.of(engine.device);
  try {
    const fixedCost = await fixedCostOf(engine);
    const step = clockStep(() => performance.now());
    const found = { fixedMilliseconds: fixedCost, clockStepMilliseconds: step, timestamps: timestamps !== null };
    emit({ type: "circumstances", circumstances: found });
    const settings = settingsFor(quick, budget, fixedCost, step);
    const calibration = await Calibration.create(engine, fixedCost, timestamps);
    const bench: Bench = { engine, timestamps, calibration, ceilings: new Map() };
    const timings = new Map<Case, Timing>();
    const rows = chosen.reduce((sum, { case: one }) => sum + (isTimed(one) ? rounds : 1), 0);
    let done = 0;
    let current = chosen;
    for (let round = 0; round < rounds; round++) {
      const further: Chosen[] = [];
      for (const [index, { benchmark, case: one }] of current.entries()) {
        if (signal?.aborted === true) break;
        const siblings = current.filter((other) => other.benchmark === benchmark);
        const rank = siblings.findIndex((other) => other.case === one);
        const isCeiling = isTimed(one) && one.ceiling !== undefined;
        const headline = isTimed(one) && one.headline === true;
        const isTime = time.allows({ remaining: current.length - index, rank, cases: siblings.length, headline });
        if (!isCeiling && !isTime) {
          emit({ type: "left-out", name: fullName(benchmark, one) });
          continue;
        }
        const started = performance.now();
        const place = { benchmark: benchmark.name, name: one.name, parameters: one.parameters ?? {} };
        const isLast = !isTimed(one) || round === rounds - 1;
        emit({ type: "row-started", benchmark: benchmark.name, name: one.name, done: done++, rows, isLast });
        let row: Row;
        try {
          if (isTimed(one)) {
            const { figure = "wall" } = one;
            const now = (): number => performance.now();
            const measuring = (): Measuring => new Measuring({ ...settings, figure, fixedCost, rounds, now });
            const timing = timings.get(one) ?? { measuring: measuring(), work: {}, verified: false };
            timings.set(one, timing);
            await timeCase(bench, one, timing, round === 0);
            further.push({ benchmark, case: one });
            row = rowOf(bench, place, one, timing);
          } else {
            const progress = (share: number): void => emit({ type: "row-progress", share });
            row = { kind: "counted", ...place, counts: await one.count({ engine, quick, progress }) };
          }
        } catch (error) {
          row = { kind: "failed", ...place, message: error instanceof Error ? error.message : String(error) };
        }
        time.took(performance.now() - started);
        emit({ type: "row", row });
      }
      current = further;
    }
    calibration.dispose();
  } finally {
    timestamps?.dispose();
    engine.dispose();
  }
}

/** A round of a case; its result is compared before the first one. */
async function timeCase(bench: Bench, one: TimedCase, timing: Timing, isFirst: boolean): Promise<void> {
  const { engine, timestamps, calibration } = bench;
  const scope = engine.openScope();
  try {
    const prepared = await one.prepare(engine);
    if (isFirst) await prepared.verify?.();
    timing.work = prepared.work ?? {};
    timing.verified = prepared.verify !== undefined;
    const run = batchesOf(engine, () => prepared.unit(), timestamps);
    await timing.measuring.round(run, () => calibration.time());
  } finally {
    scope.close();
  }
}

type RowPlace = Pick<TimedRow, "benchmark" | "name" | "parameters">;

/** What the rounds so far make of a case. */
function rowOf({ calibration, ceilings }: Bench, place: RowPlace, one: TimedCase, timing: Timing): TimedRow {
  const { figure = "wall", ceiling = null } = one;
  const { work, verified } = timing;
  const measurement = timing.measuring.result;
  const { median: time } = measurement.time;
  const beside = median(timing.measuring.calibrations);
  const rates = ratesOf(work, time, ceilings);
  const own = rates.find(({ quantity }) => quantity === ceiling);
  if (own !== undefined) ceilings.set(own.quantity, Math.max(own.perSecond, ceilings.get(own.quantity) ?? 0));
  return {
    kind: "timed",
    ...place,
    figure,
    measurement,
    work,
    rates,
    ceiling,
    busy: calibration.busy(beside),
    calibration: beside,
    boundByCalls: figure === "wall" && measurement.recording > mostOfTheTime * time,
    verified,
  };
}

function ratesOf(work: Work, milliseconds: number, ceilings: ReadonlyMap<Quantity, number>): Rate[] {
  return (Object.entries(work) as [keyof Work, number][]).map(([quantity, amount]) => {
    const perSecond = (amount / milliseconds) * 1000;
    const ceiling = ceilings.get(quantity);
    return { quantity, perSecond, share: ceiling === undefined ? null : perSecond / ceiling };
  });
}
