/** Runs benchmarks on an engine and tells of each row. Knows of no runtime: the command and a page both use it. */

import { Engine } from "webgpu-imle";
import { Allowance } from "./allowance.js";
import { batchesOf, Timestamps } from "./batches.js";
import { type Benchmark, type Case, isTimed, type Quantity, type TimedCase, type Work } from "./benchmark.js";
import { Calibration, fixedCostOf } from "./calibration.js";
import { clockStep, measure, type MeasureSettings } from "./measure.js";
import type { BenchEvent, Rate, Row, TimedRow } from "./results.js";

/** A case that is to be run. */
export interface Chosen {
  readonly benchmark: Benchmark;
  readonly case: Case;
}

export interface SuiteOptions {
  readonly chosen: readonly Chosen[];
  readonly quick: boolean;
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
const batchOfFixedCost = { quick: 10, full: 20 } as const;
const batchOfClockSteps = 500;

function settingsFor(quick: boolean, fixedCost: number, step: number): MeasureSettings {
  const batches = (quick ? batchOfFixedCost.quick : batchOfFixedCost.full) * fixedCost;
  return {
    batchMilliseconds: Math.max(quick ? 40 : 150, batches, batchOfClockSteps * step),
    budgetMilliseconds: quick ? 800 : 8000,
    precision: quick ? 0.05 : 0.02,
    maximumUnits: 4096,
  };
}

// Of the wall time: from here on the calls, and not the device, may be what is measured.
const mostOfTheTime = 0.8;

/** Runs the cases one after the other. A case that fails is a row that says so. */
export async function runSuite({ chosen, quick, allowance = Infinity, emit, signal }: SuiteOptions): Promise<void> {
  const time = new Allowance(allowance, () => performance.now());
  const engine = await Engine.create();
  const timestamps = Timestamps.of(engine.device);
  try {
    const fixedCost = await fixedCostOf(engine);
    const step = clockStep(() => performance.now());
    const found = { fixedMilliseconds: fixedCost, clockStepMilliseconds: step, timestamps: timestamps !== null };
    emit({ type: "circumstances", circumstances: found });
    const settings = settingsFor(quick, fixedCost, step);
    const calibration = await Calibration.create(engine, fixedCost);
    const ceilings = new Map<Quantity, number>();
    let before = await calibration.time();
    for (const [done, { benchmark, case: one }] of chosen.entries()) {
      if (signal?.aborted === true) break;
      const siblings = chosen.filter((other) => other.benchmark === benchmark);
      const rank = siblings.findIndex((other) => other.case === one);
      const isCeiling = isTimed(one) && one.ceiling !== undefined;
      const headline = isTimed(one) && one.headline === true;
      const isTime = time.allows({ remaining: chosen.length - done, rank, cases: siblings.length, headline });
      if (!isCeiling && !isTime) {
        emit({ type: "left-out", name: fullName(benchmark, one) });
        continue;
      }
      const started = performance.now();
      const progress = (share: number): void => emit({ type: "row-progress", share });
      const place = { benchmark: benchmark.name, name: one.name, parameters: one.parameters ?? {} };
      emit({ type: "row-started", benchmark: benchmark.name, name: one.name, done, rows: chosen.length });
      let row: Row;
      try {
        if (isTimed(one)) {
          const timed = await timeCase(engine, one, { ...settings, fixedCost, timestamps });
          const after = await calibration.time();
          const busy = calibration.busy(before, after);
          const kernel = calibration.each(Math.max(before, after));
          before = after;
          row = { kind: "timed", ...place, ...timed, rates: ratesOf(timed, ceilings), busy, calibration: kernel };
          const [own] = row.rates.filter(({ quantity }) => quantity === one.ceiling);
          if (own) ceilings.set(own.quantity, Math.max(own.perSecond, ceilings.get(own.quantity) ?? 0));
        } else {
          row = { kind: "counted", ...place, counts: await one.count({ engine, quick, progress }) };
        }
      } catch (error) {
        row = { kind: "failed", ...place, message: error instanceof Error ? error.message : String(error) };
      }
      time.took(performance.now() - started);
      emit({ type: "row", row });
    }
    calibration.dispose();
  } finally {
    timestamps?.dispose();
    engine.dispose();
  }
}

type Timed = Pick<TimedRow, "figure" | "measurement" | "work" | "ceiling" | "boundByCalls" | "verified">;

async function timeCase(
  engine: Engine,
  one: TimedCase,
  settings: MeasureSettings & { readonly fixedCost: number; readonly timestamps: Timestamps | null },
): Promise<Timed> {
  const { figure = "wall" } = one;
  const scope = engine.openScope();
  try {
    const prepared = await one.prepare(engine);
    await prepared.verify?.();
    const run = batchesOf(engine, () => prepared.unit(), settings.timestamps);
    const measurement = await measure({ ...settings, run, figure, now: () => performance.now() });
    const { median: time } = measurement.time;
    if (!(time > 0)) throw new Error(`the time must be above 0, got ${time} ms: the machine is too busy to measure it`);
    return {
      figure,
      measurement,
      work: prepared.work ?? {},
      ceiling: one.ceiling ?? null,
      boundByCalls: figure === "wall" && measurement.recording > mostOfTheTime * time,
      verified: prepared.verify !== undefined,
    };
  } finally {
    scope.close();
  }
}

function ratesOf({ work, measurement }: Timed, ceilings: ReadonlyMap<Quantity, number>): Rate[] {
  return (Object.entries(work) as [keyof Work, number][]).map(([quantity, amount]) => {
    const perSecond = (amount / measurement.time.median) * 1000;
    const ceiling = ceilings.get(quantity);
    return { quantity, perSecond, share: ceiling === undefined ? null : perSecond / ceiling };
  });
}
