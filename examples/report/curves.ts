/** Curves over epochs, drawn in the browser by uPlot (MIT), whose text is put into the page. */

import { html, type Markup } from "./html.js";
import { percent } from "./page.js";

export interface Series {
  readonly name: string;
  /** Which of the page's colours the line has: see the head of `page.css`. */
  readonly colour: string;
  /** One value for each x; null where there is none. */
  readonly values: readonly (number | null)[];
  /** The bounds of a band around the line, one value for each x. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly x: readonly number[];
  readonly series: readonly Series[];
  /** `percent`: shares of 1 on an axis from 0 to 100 %. `number`: an axis from 0 as high as needed. */
  readonly scale: "percent" | "number";
}

export const curveStyles = ["node_modules/uplot/dist/uPlot.min.css"] as const;
export const curveScripts = [
  "examples/report/locale.client.js",
  "node_modules/uplot/dist/uPlot.iife.min.js",
  "examples/report/curves.client.js",
] as const;

/** Places for the charts, and their numbers; give the same list to the page as `data.charts`. */
export function chartPlaces(charts: readonly Chart[]): Markup {
  const places = charts.map(
    (chart, index) => html`<figure class="chart"><figcaption>${chart.title}</figcaption>
<div class="plot" data-chart="${index}"></div>
<details><summary>Numbers</summary>${numbers(chart)}</details></figure>`,
  );
  return html`<div class="charts">${places}</div>`;
}

function numbers({ x, xLabel, series, scale }: Chart): Markup {
  const shown = (value: number | null | undefined): string => {
    if (value === null || value === undefined) return "–";
    return scale === "percent" ? percent(value) : value.toFixed(3);
  };
  const rows = x.map(
    (at, row) =>
      html`<tr><th scope="row">${at}</th>${series.map(({ values }) => html`<td>${shown(values[row])}</td>`)}</tr>`,
  );
  return html`<table><thead><tr><th scope="col">${xLabel}</th>
${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
}
