/** Compares two result files row by row: what became slower or faster by more than repeats spread. */

import { busyFrom } from "./calibration.js";
import { mostSensitive } from "./estimate.js";
import { calibrationOf } from "./measure.js";
import { type Change, changeOf, falseMarks, leastOf, leastShare, type Ratio, ratioOfRuns } from "./ratio.js";
import { adapterName, type ResultsFile, type Row, type TimedRow } from "./results.js";

/** `unclear` is a change that other work on the machine may have made, or a row too uncertain to tell of one. */
export type Verdict = Change | "more" | "less";

/** A figure that both files have. */
export interface ComparedRow {
  /** `benchmark/case`, and for counts also what is counted. */
  readonly name: string;
  /** Milliseconds, of runs in their quieter moments; or what is counted. */
  readonly before: number;
  readonly after: number;
  readonly unit: string;
  /** After over before, as it was judged: of times not always the quotient of the two; null where before is 0. */
  readonly ratio: number | null;
  /** That holds the true ratio; null where too little is known for one. */
  readonly interval: Ratio["interval"];
  /** Of times what another run may differ by, of counts half the distance of the quartiles; null where none is known. */
  readonly spreads: readonly [before: number | null, after: number | null] | null;
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

/** What all rows of a comparison share. */
interface Circumstances {
  /** Milliseconds of the calibration kernel at its quickest; null where the files are of different machines. */
  readonly quickest: number | null;
  /** The share of intervals that may miss their ratio. */
  readonly uncertainty: number;
}

/** How busy the machine was beside a row: one run may have been disturbed from its beginning to its end. */
function busyOf({ busy, measurement: { samples } }: TimedRow, quickest: number | null): number {
  const calibration = calibrationOf(samples, leastShare);
  return quickest === null || calibration === null ? busy : Math.max(busy, calibration / quickest);
}

/** Null where the calibration kernels of the files do not compare: on different adapters or processors. */
function quickestCalibration(before: ResultsFile, after: ResultsFile): number | null {
  if (adapterName(before) !== adapterName(after) || before.machine.processor !== after.machine.processor) return null;
  const times = [...before.rows, ...after.rows].flatMap((row) =>
    row.kind === "timed" ? (calibrationOf(row.measurement.samples, leastShare) ?? []) : [],
  );
  return times.length === 0 ? null : Math.min(...times);
}

type Judged = Ratio & Pick<ComparedRow, "before" | "after" | "verdict">;

/**
 * How much other work slowed a row down is not known, only how much it slowed the calibration kernel down beside it: the
 * interval is widened to what the ratio may be without it, and a change is told where all of that shows it. Where the
 * calls are what takes the time, another process's engine of JavaScript does them at another pace; and where all of a
 * row was disturbed, the calibration kernel, which runs between its samples, tells too little of what was beside each.
 */
function judge(before: TimedRow, after: TimedRow, busy: number, { quickest, uncertainty }: Circumstances): Judged {
  const [a, b] = [before.measurement.samples, after.measurement.samples];
  const { ratio, interval: ranks, share } = ratioOfRuns(a.times, b.times, uncertainty);
  const [first, second] = [calibrationOf(a, share), calibrationOf(b, share)];
  const calibrated = quickest !== null && first !== null && second !== null;
  const freed = calibrated ? (first / second) ** mostSensitive : 1;
  const interval =
    ranks === null ? null : ([ranks[0] * Math.min(1, freed), ranks[1] * Math.max(1, freed)] as const);
  const [least, most] = [ratio * Math.min(1, freed), ratio * Math.max(1, freed)];
  const change = changeOf({ ratio: Math.max(least, Math.min(1, most)), interval });
  const isDoubtful = before.boundByCalls || after.boundByCalls || busy >= busyFrom;
  const verdict = isDoubtful && change !== "same" ? "unclear" : change;
  return { before: leastOf(a.times), after: leastOf(b.times), ratio, interval, verdict };
}

function compareRows(name: string, before: Row, after: Row, circumstances: Circumstances): ComparedRow[] {
  if (before.kind === "timed" && after.kind === "timed") {
    const [a, b] = [before.measurement, after.measurement];
    const busy = Math.max(busyOf(before, circumstances.quickest), busyOf(after, circumstances.quickest));
    return [{ name, ...judge(before, after, busy, circumstances), unit: "ms", spreads: [a.time.spread, b.time.spread], busy }];
  }
  if (before.kind !== "counted" || after.kind !== "counted") return [];
  return before.counts.flatMap((one): ComparedRow[] => {
    const other = after.counts.find((candidate) => candidate.name === one.name);
    if (other === undefined) return [];
    const scatter = (one.spread ?? 0) * one.value + (other.spread ?? 0) * other.value;
    const difference = other.value - one.value;
    const verdict = Math.abs(difference) <= scatter ? "same" : difference > 0 ? "more" : "less";
    const ratio = one.value === 0 ? null : other.value / one.value;
    const values = { before: one.value, after: other.value, ratio, interval: null, unit: one.unit };
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
  const pairs = before.rows.filter((row) => row.kind === "timed" && fresh.get(keyOf(row))?.kind === "timed").length;
  const circumstances = {
    quickest: quickestCalibration(before, after),
    uncertainty: falseMarks / Math.max(1, pairs),
  };
  const rows: ComparedRow[] = [];
  const missing: string[] = [];
  for (const [name, row] of old) {
    const other = fresh.get(name);
    if (other === undefined) missing.push(`${name}: only in the first file`);
    else if (row.kind === "failed") missing.push(`${name}: failed in the first file: ${row.message}`);
    else if (other.kind === "failed") missing.push(`${name}: failed in the second file: ${other.message}`);
    else {
      const compared = compareRows(name, row, other, circumstances);
      rows.push(...compared);
      if (compared.length === 0) missing.push(`${name}: has no figure that both files have`);
    }
  }
  for (const name of fresh.keys()) if (!old.has(name)) missing.push(`${name}: only in the second file`);
  return { rows, missing, differences: differencesOf(before, after) };
}
