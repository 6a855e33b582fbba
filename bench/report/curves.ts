/** Counts against the parameters of their rows: what is drawn beside the powers that times and bytes follow. */

import type { Row } from "../results.js";
import { fixedText } from "../scaling.js";
import type { Plot } from "./plots.js";

const fewest = 3;

interface Group {
  readonly title: string;
  /** The other parameters. */
  readonly fixed: string;
  readonly parameter: string;
  readonly rows: readonly Row[];
}

/** A plot for each benchmark and parameter in which three rows or more differ alone. */
export function curvesOf(rows: readonly Row[]): Plot[] {
  const groups = new Map<string, Group & { readonly rows: Row[] }>();
  for (const row of rows) {
    if (row.kind !== "counted" || !row.counts.some(({ isDrawn }) => isDrawn)) continue;
    for (const parameter of Object.keys(row.parameters)) {
      const fixed = Object.fromEntries(Object.entries(row.parameters).filter(([name]) => name !== parameter));
      const key = JSON.stringify([row.benchmark, parameter, fixed]);
      const group = groups.get(key) ?? { title: row.benchmark, fixed: fixedText(fixed), parameter, rows: [] };
      groups.set(key, group);
      group.rows.push(row);
    }
  }
  return [...groups.values()].filter((group) => group.rows.length >= fewest).map(curveOf);
}

function curveOf({ title, fixed, parameter, rows: all }: Group): Plot {
  const rows = all
    .flatMap((row) => (row.kind === "counted" ? [row] : []))
    .sort((a, b) => a.parameters[parameter]! - b.parameters[parameter]!);
  const drawn = rows.flatMap(({ counts }) => counts.filter(({ isDrawn }) => isDrawn).map(({ name }) => name));
  const series = [...new Set(drawn)].map((name) => {
    // A logarithmic axis has no place for 0.
    const values = rows.map(({ counts }) => counts.find((one) => one.name === name && one.value > 0)?.value ?? null);
    return { name, values, fit: values };
  });
  const x = rows.map((row) => row.parameters[parameter]!);
  return { title, ...(fixed !== "" && { fixed }), xLabel: parameter, unit: "", isJoined: true, x, series };
}
