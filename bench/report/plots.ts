/** What the plots of a report show, as plain data: `plots.client.js` draws it. */

import { html, type Markup } from "../../examples/report/html.js";
import type { Row } from "../results.js";
import { fixedText, type Scaling, shownScalings } from "../scaling.js";
import { bytes, duration, number } from "../table.js";

/** A log-log plot: points, and a line for each series, such as the fitted power. */
export interface Plot {
  readonly title: string;
  /** What all rows have in common; by default nothing that must be told. */
  readonly fixed?: string;
  readonly xLabel: string;
  /** Empty for plain numbers. */
  readonly unit: "ms" | "B" | "GFLOP/s" | "";
  /** What the line is; by default `fit`. */
  readonly line?: string;
  /** Whether the lines join what was measured. */
  readonly isJoined?: boolean;
  /** Words beside the points, by their place in `x`. */
  readonly labels?: readonly string[];
  /** All sizes of all series, ascending. */
  readonly x: readonly number[];
  readonly series: readonly PlotSeries[];
}

export interface PlotSeries {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly fit: readonly (number | null)[];
}

/** Colours of the page go round after so many series. */
export const seriesColours = ["first", "third", "second"] as const;
const mostSeries = seriesColours.length;

const plotKey = ({ benchmark, family, parameter, unit }: Scaling): string =>
  JSON.stringify([benchmark, family, parameter, unit]);

function plotOf(scalings: readonly Scaling[]): Plot {
  const { benchmark, family, parameter, unit } = scalings[0]!;
  const x = [...new Set(scalings.flatMap(({ points }) => points.map(({ size }) => size)))].sort((a, b) => a - b);
  const series = scalings.map(({ points, slope, intercept, fixed, figure }): PlotSeries => {
    const [least, most] = [points[0]!.size, points.at(-1)!.size];
    const law = `${parameter}^${slope.toFixed(2)}`;
    return {
      name: [unit === "B" ? figure : "", fixedText(fixed), law].filter((part) => part !== "").join(" · "),
      values: x.map((size) => points.find((point) => point.size === size)?.value ?? null),
      fit: x.map((size) => (size < least || size > most ? null : 2 ** intercept * size ** slope)),
    };
  });
  return { title: [benchmark, family].filter(Boolean).join(": "), xLabel: parameter, unit, x, series };
}

/** A plot for each family and parameter that has a scaling; one with many series becomes several. */
export function plotsOf(rows: readonly Row[]): Plot[] {
  const groups = new Map<string, Scaling[]>();
  for (const scaling of shownScalings(rows)) {
    groups.set(plotKey(scaling), [...(groups.get(plotKey(scaling)) ?? []), scaling]);
  }
  return [...groups.values()].flatMap((group) => {
    const parts: Plot[] = [];
    for (let i = 0; i < group.length; i += mostSeries) parts.push(plotOf(group.slice(i, i + mostSeries)));
    return parts;
  });
}

const whats: Readonly<Record<Plot["unit"], string>> = { ms: "time", B: "bytes", "GFLOP/s": "GFLOP/s", "": "" };

/**
 * Places for the plots, with their numbers; give the same list to the script.
 * @param first  the place of the first in the page's list
 */
export function plotPlaces(plots: readonly Plot[], first = 0): Markup {
  const places = plots.map(
    ({ title, fixed, xLabel, unit, x, series }, index) => html`<figure class="chart">
<figcaption>${title} <span class="against">${whats[unit]} against ${xLabel}${fixed === undefined ? "" : `, at ${fixed}`}</span></figcaption>
<div class="plot" data-plot="${first + index}"></div>
<details><summary>Numbers</summary><div class="wide"><table><thead><tr><th scope="col">${xLabel}</th>
${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${x.map((size, at) => html`<tr><th scope="row">${size}</th>${series.map(({ values }) => cell(values[at], unit))}
</tr>`)}</tbody></table></div></details></figure>`,
  );
  return html`<div class="charts">${places}</div>`;
}

function cell(value: number | null | undefined, unit: Plot["unit"]): Markup {
  if (value === null || value === undefined) return html`<td>–</td>`;
  return html`<td>${unit === "B" ? bytes(value) : unit === "ms" ? duration(value) : number(value)}</td>`;
}
