/** How a figure grows with a size: rows that differ in one parameter alone, and the power that fits them. */

import type { Row } from "./results.js";

export interface ScalingPoint {
  /** The parameter's value. */
  readonly size: number;
  /** Milliseconds or bytes. */
  readonly value: number;
}

/** At least three rows that differ in one parameter alone. */
export interface Scaling {
  readonly benchmark: string;
  /** What the rows' names have before their sizes. */
  readonly family: string;
  readonly parameter: string;
  /** The other parameters. */
  readonly fixed: Readonly<Record<string, number>>;
  /** What is measured: `time`, or what is counted. */
  readonly figure: string;
  readonly unit: "ms" | "B";
  /** By size, ascending. */
  readonly points: readonly ScalingPoint[];
  /** The power of the size that fits best: 1 is linear. */
  readonly slope: number;
  /** log₂ of the fit at size 1: value = 2^intercept · size^slope. */
  readonly intercept: number;
}

const fewest = 3;

/** The words before the sizes: `I-MLE step` of `I-MLE step [40, 350] k 10`; a digit within a word is none. */
export const familyOf = (name: string): string => /^(?:[^[\d]|(?<=\p{L})\d)*/u.exec(name)![0].replace(/[\s,]+$/, "");

/** Least squares on logarithms. @param points  at least two sizes, everything above 0 */
export function fitPower(points: readonly ScalingPoint[]): { readonly slope: number; readonly intercept: number } {
  const logs = points.map(({ size, value }) => [Math.log2(size), Math.log2(value)] as const);
  const [meanX, meanY] = [0, 1].map((axis) => logs.reduce((sum, log) => sum + log[axis]!, 0) / logs.length);
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX!) * (y - meanY!), 0);
  const slope = covariance / logs.reduce((sum, [x]) => sum + (x - meanX!) ** 2, 0);
  return { slope, intercept: meanY! - slope * meanX! };
}

interface Figure {
  readonly figure: string;
  readonly unit: "ms" | "B";
  readonly value: number;
}

function figuresOf(row: Row): Figure[] {
  if (row.kind === "timed") return [{ figure: "time", unit: "ms", value: row.measurement.time.value }];
  if (row.kind === "failed") return [];
  const bytes = row.counts.filter(({ unit, value }) => unit === "B" && value > 0);
  return bytes.map(({ name, value }) => ({ figure: name, unit: "B", value }));
}

/** Every scaling that the rows hold, in their order. */
export function scalingsOf(rows: readonly Row[]): Scaling[] {
  const groups = new Map<string, Omit<Scaling, "slope" | "intercept" | "points"> & { points: ScalingPoint[] }>();
  for (const row of rows) {
    const { benchmark, name, parameters } = row;
    const family = familyOf(name);
    for (const [parameter, size] of Object.entries(parameters)) {
      const fixed = Object.fromEntries(Object.entries(parameters).filter(([other]) => other !== parameter));
      for (const { figure, unit, value } of size > 0 ? figuresOf(row) : []) {
        const key = JSON.stringify([benchmark, family, parameter, fixed, figure]);
        const group = groups.get(key) ?? { benchmark, family, parameter, fixed, figure, unit, points: [] };
        groups.set(key, group);
        if (group.points.every((point) => point.size !== size)) group.points.push({ size, value });
      }
    }
  }
  return [...groups.values()]
    .filter(({ points }) => points.length >= fewest)
    .map((group) => {
      group.points.sort((a, b) => a.size - b.size);
      return { ...group, ...fitPower(group.points) };
    });
}

/** Those that a reader is shown: of bytes one figure says all, the last, which is the peak at the end. */
export function shownScalings(rows: readonly Row[]): Scaling[] {
  const counts = rows.flatMap((row) => (row.kind === "counted" ? row.counts : []));
  const bytesShown = counts.findLast(({ unit }) => unit === "B")?.name;
  return scalingsOf(rows).filter(({ unit, figure }) => unit === "ms" || figure === bytesShown);
}

/** `k 10, batch 64` */
export const fixedText = (fixed: Scaling["fixed"]): string =>
  Object.entries(fixed).map(([name, value]) => `${name} ${value}`).join(", ");

/** `mask, time: n^0.98 for n from 64 to 4096 (batch 256, k 10)` */
export function scalingLine({ family, figure, parameter, slope, points, fixed }: Scaling): string {
  const others = fixedText(fixed);
  const range = `${parameter} from ${points[0]!.size} to ${points.at(-1)!.size}`;
  const what = family === "" ? figure : `${family}, ${figure}`;
  return `${what}: ${parameter}^${slope.toFixed(2)} for ${range}${others === "" ? "" : ` (${others})`}`;
}
