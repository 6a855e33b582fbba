/** Results of benchmarks that nobody measured. */

import type { Count } from "../../bench/benchmark.js";
import type { Estimate } from "../../bench/estimate.js";
import type { Measurement } from "../../bench/measure.js";
import {
  type CountedRow,
  type FailedRow,
  type ResultsFile,
  resultsFormat,
  type Row,
  type TimedRow,
} from "../../bench/results.js";

/** Milliseconds, from which another run differs by less than the spread. */
export const estimate = (value: number, spread: number): Estimate => ({ value, spread, count: 9 });

export function timedRow(
  benchmark: string,
  name: string,
  measurement: Partial<Measurement> = {},
  more: Partial<TimedRow> = {},
): TimedRow {
  const time = measurement.time ?? estimate(1, 0.02);
  // Scattered about what the row says: by ranks, a change of a few per cent is seen.
  const times = Array.from({ length: 24 }, (_, i) => time.value * (1 + (i - 3.8) / 1000));
  const samples = { times, calibrations: null };
  const usual = { wall: null, recording: 0.01, fixed: 1, units: 10, settled: true, samples };
  return {
    kind: "timed",
    benchmark,
    name,
    parameters: {},
    figure: "wall",
    measurement: { time, ...usual, ...measurement },
    work: {},
    rates: [],
    ceiling: null,
    busy: 1,
    boundByCalls: false,
    verified: true,
    ...more,
  };
}

export const countedRow = (
  benchmark: string,
  name: string,
  counts: readonly Count[],
  parameters: Readonly<Record<string, number>> = {},
): CountedRow => ({ kind: "counted", benchmark, name, parameters, counts });

export const failedRow = (benchmark: string, name: string, message: string): FailedRow => ({
  kind: "failed",
  benchmark,
  name,
  parameters: {},
  message,
});

export function resultsFile(rows: readonly Row[], more: Partial<ResultsFile> = {}): ResultsFile {
  return {
    format: resultsFormat,
    state: "finished",
    started: "2026-01-02T03:04:05.000Z",
    seconds: 12,
    command: "npm run bench",
    quick: true,
    commit: "0123456789012345678901234567890123456789",
    changed: false,
    machine: { platform: "linux", architecture: "x64", processor: "a processor", cores: 2, memoryBytes: 2 ** 33 },
    adapter: { runtime: "node", runtimeVersion: "Node 20.20 (Dawn)", description: "an adapter", software: true },
    versions: { node: "20.20.0" },
    circumstances: { fixedMilliseconds: 0.1, clockStepMilliseconds: 0.001, timestamps: false },
    rows,
    ...more,
  };
}
