/** A comparison as text. */

import { busyFrom } from "./calibration.js";
import type { ComparedRow, Comparison } from "./compare.js";
import { bytes, duration, number, percent, spreadText } from "./table.js";

const shown = (value: number, unit: string): string =>
  unit === "ms" ? duration(value) : unit === "B" ? bytes(value) : `${number(value)} ${unit}`.trim();

const signs = { slower: "▲ ", more: "▲ ", faster: "▼ ", less: "▼ ", unclear: "? " } as const;

/** Words for a change, with the sign that makes it stand out; empty where there is none. */
function verdict({ verdict, ratio, busy }: ComparedRow): string {
  const amount = ratio === null ? "" : ` ${signedPercent(ratio - 1)}`;
  const change = verdict === "same" ? [] : [`${signs[verdict]}${verdict}${verdict === "unclear" ? "" : amount}`];
  return [...change, ...(busy >= busyFrom ? [`busy ×${busy.toFixed(1)}`] : [])].join(", ");
}

const signedPercent = (share: number): string => `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;

/** The table with its head first. */
export function comparisonTable({ rows }: Comparison): string[][] {
  const head = ["benchmark/case", "before", "±", "after", "±", "after / before", "between", ""];
  const lines = rows.map((row) => {
    const [before, after] = row.spreads?.map(spreadText) ?? ["", ""];
    const ratio = row.ratio === null ? "" : row.ratio.toFixed(3);
    const between = row.interval?.map((end) => end.toFixed(2)).join(" and ") ?? "";
    const values = [shown(row.before, row.unit), before!, shown(row.after, row.unit), after!];
    return [row.name, ...values, ratio, between, verdict(row)];
  });
  return [head, ...lines];
}

/** `2 slower, 1 faster, 30 unchanged` */
export function comparisonSummary({ rows, missing }: Comparison): string {
  const of = (wanted: string): number => rows.filter(({ verdict }) => verdict === wanted).length;
  const changes = ["slower", "faster", "more", "less", "unclear"]
    .filter((name) => of(name) > 0)
    .map((name) => `${of(name)} ${name}`);
  const rest = missing.length > 0 ? [`${missing.length} not compared`] : [];
  return [...changes, `${of("same")} unchanged`, ...rest].join(", ");
}
