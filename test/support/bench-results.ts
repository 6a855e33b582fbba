/** Results of benchmarks that nobody measured. */

import type { Count } from "../../bench/benchmark.js";
import type { Measurement } from "../../bench/measure.js";
import {
  type CountedRow,
  type FailedRow,
  type ResultsFile,
  resultsFormat,
  type Row,
  type TimedRow,
} from "../../bench/results.js";
import type { Summary } from "../../bench/statistics.js";

/** A median in milliseconds that is known to within half its spread. */
export const summary = (median: number, spread: number): Summary => ({
  median,
  interval: [median * (1 - spread / 2), median * (1 + spread / 2)],
  spread,
  count: 9,
});

export function timedRow(
  benchmark: string,
  name: string,
  measurement: Partial<Measurement> = {},
  more: Partial<TimedRow> = {},
): TimedRow {
  const usual = { device: null, recording: 0.01, fixed: 1, units: 10, settled: true };
  return {
    kind: "timed",
    benchmark,
    name,
    parameters: {},
    figure: "wall",
    measurement: { time: summary(1, 0.02), ...usual, ...measurement },
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
