/** Compares two result files row by row: what became slower or faster by more than repeats spread. */

import { busyFrom } from "./calibration.js";
import { adapterName, type ResultsFile, type Row, type TimedRow } from "./results.js";
import type { Summary } from "./statistics.js";

/** `unclear` is a change that other work on the machine may have made. */
export type Verdict = "slower" | "faster" | "same" | "more" | "less" | "unclear";

/** A figure that both files have. */
export interface ComparedRow {
  /** `benchmark/case`, and for counts also what is counted. */
  readonly name: string;
  /** Milliseconds, or what is counted. */
  readonly before: number;
  readonly after: number;
  readonly unit: string;
  /** After over before; null where before is 0. */
  readonly ratio: number | null;
  /** Half the distances between the quartiles, as shares of the medians; null for counts, which have none. */
  readonly spreads: readonly [before: number, after: number] | null;
  readonly verdict: Verdict;
  /** How busy the machine was at worst; 1 is not at all. */
  readonly busy: number;
}

export interface Comparison {
  readonly rows: readonly ComparedRow[];
  /** Rows that only one file has, or that failed in one. */
  readonly missing: readonly string[];
  /** In what the files differ beside the figures: machine, adapter, settings. */
  readonly differences: readonly string[];
}

const keyOf = ({ benchmark, name }: Row): string => `${benchmark}/${name}`;

/**
 * A change counts when it is larger than both spreads together, and the 95 % intervals of the medians have nothing in
 * common: repeats that scatter, or a median that is not known, are no change.
 */
export function verdictOf(before: Summary, after: Summary): Verdict {
  const difference = after.median - before.median;
  const scatter = before.spread * before.median + after.spread * after.median;
  const [low, high] = difference > 0 ? [before, after] : [after, before];
  const apart = low.interval === null || high.interval === null || low.interval[1] < high.interval[0];
  if (Math.abs(difference) <= scatter || !apart) return "same";
  return difference > 0 ? "slower" : "faster";
}

/**
 * How busy the machine was beside a row: by the calibration kernel's quickest time in both files, since one run may
 * have been disturbed from its beginning to its end.
 */
function busyOf(row: TimedRow, quickest: number | null): number {
  return quickest === null || row.calibration === undefined ? row.busy : Math.max(row.busy, row.calibration / quickest);
}

/** By how much the calibration kernel's time changed beside a row, as a logarithm: any row may have, as much. */
function driftOf(before: TimedRow, after: TimedRow, quickest: number | null): number {
  if (quickest === null || before.calibration === undefined || after.calibration === undefined) return 0;
  return Math.abs(Math.log(after.calibration / before.calibration));
}

/** Null where the files are of different adapters or processors, whose kernels take different times. */
function quickestCalibration(before: ResultsFile, after: ResultsFile): number | null {
  if (adapterName(before) !== adapterName(after) || before.machine.processor !== after.machine.processor) return null;
  const times = [...before.rows, ...after.rows].flatMap((row) => (row.kind === "timed" ? (row.calibration ?? []) : []));
  return times.length === 0 ? null : Math.min(...times);
}

function compareRows(name: string, before: Row, after: Row, quickest: number | null): ComparedRow[] {
  if (before.kind === "timed" && after.kind === "timed") {
    const [a, b] = [before.measurement.time, after.measurement.time];
    const busy = Math.max(busyOf(before, quickest), busyOf(after, quickest));
    const values = { before: a.median, after: b.median, ratio: b.median / a.median, unit: "ms" };
    const change = verdictOf(a, b);
    const isDrift = Math.abs(Math.log(values.ratio)) <= driftOf(before, after, quickest);
    const verdict = change !== "same" && (busy >= busyFrom || isDrift) ? "unclear" : change;
    return [{ name, ...values, spreads: [a.spread, b.spread], verdict, busy }];
  }
  if (before.kind !== "counted" || after.kind !== "counted") return [];
  return before.counts.flatMap((one): ComparedRow[] => {
    const other = after.counts.find((candidate) => candidate.name === one.name);
    if (other === undefined) return [];
    const scatter = (one.spread ?? 0) * one.value + (other.spread ?? 0) * other.value;
    const difference = other.value - one.value;
    const verdict = Math.abs(difference) <= scatter ? "same" : difference > 0 ? "more" : "less";
    const ratio = one.value === 0 ? null : other.value / one.value;
    const values = { before: one.value, after: other.value, ratio, unit: one.unit };
    const known = one.spread !== undefined && other.spread !== undefined;
    const spreads = known ? ([one.spread, other.spread] as const) : null;
    return [{ name: `${name}: ${one.name}`, ...values, spreads, verdict, busy: 1 }];
  });
}

const textOf = (value: unknown): string => (value === undefined ? "unknown" : String(value));

function differencesOf(before: ResultsFile, after: ResultsFile): string[] {
  const facts: readonly (readonly [string, (file: ResultsFile) => unknown])[] = [
    ["adapter", adapterName],
    ["processor", ({ machine }) => machine.processor],
    ["cores", ({ machine }) => machine.cores],
    ["--quick", ({ quick }) => quick],
    ["state", ({ state }) => state],
    ["commit", ({ commit, changed }) => `${commit?.slice(0, 10) ?? "unknown"}${changed ? " with changes" : ""}`],
  ];
  return facts.flatMap(([name, read]) => {
    const [was, is] = [textOf(read(before)), textOf(read(after))];
    return was === is ? [] : [`${name}: ${was} → ${is}`];
  });
}

export function compareResults(before: ResultsFile, after: ResultsFile): Comparison {
  const old = new Map(before.rows.map((row) => [keyOf(row), row]));
  const fresh = new Map(after.rows.map((row) => [keyOf(row), row]));
  const quickest = quickestCalibration(before, after);
  const rows: ComparedRow[] = [];
  const missing: string[] = [];
  for (const [name, row] of old) {
    const other = fresh.get(name);
    if (other === undefined) missing.push(`${name}: only in the first file`);
    else if (row.kind === "failed") missing.push(`${name}: failed in the first file: ${row.message}`);
    else if (other.kind === "failed") missing.push(`${name}: failed in the second file: ${other.message}`);
    else {
      const compared = compareRows(name, row, other, quickest);
      rows.push(...compared);
      if (compared.length === 0) missing.push(`${name}: has no figure that both files have`);
    }
  }
  for (const name of fresh.keys()) if (!old.has(name)) missing.push(`${name}: only in the second file`);
  return { rows, missing, differences: differencesOf(before, after) };
}
