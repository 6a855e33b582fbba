/** Rows under the roof that multiply-adds and bytes make (Williams, Waterman, Patterson 2009). */

import { html, type Markup } from "../../examples/report/html.js";
import type { Quantity } from "../benchmark.js";
import type { Row, TimedRow } from "../results.js";
import { number, percent } from "../table.js";
import type { Plot } from "./plots.js";

export interface RooflinePoint {
  readonly name: string;
  /** Operations a byte that must be moved at least. */
  readonly intensity: number;
  /** Operations a second. */
  readonly rate: number;
  /** What the ceilings allow at this intensity. */
  readonly roof: number;
}

export interface Roofline {
  readonly operations: number;
  readonly bytes: number;
  /** By intensity, ascending. */
  readonly points: readonly RooflinePoint[];
}

const perSecond = (row: TimedRow, quantity: Quantity): number | null =>
  row.rates.find((rate) => rate.quantity === quantity)?.perSecond ?? null;

/** Null without both ceilings, or without a row that counts both. */
export function rooflineOf(rows: readonly Row[]): Roofline | null {
  const timed = rows.filter((row): row is TimedRow => row.kind === "timed");
  const ceiling = (quantity: Quantity): number =>
    Math.max(0, ...timed.filter((row) => row.ceiling === quantity).map((row) => perSecond(row, quantity) ?? 0));
  const [operations, bytes] = [ceiling("operations"), ceiling("bytes")];
  if (operations === 0 || bytes === 0) return null;
  const points = timed.flatMap((row): RooflinePoint[] => {
    const [rate, moved] = [perSecond(row, "operations"), perSecond(row, "bytes")];
    if (rate === null || moved === null) return [];
    const intensity = rate / moved;
    const roof = Math.min(operations, intensity * bytes);
    return [{ name: `${row.benchmark} ${row.name}`, intensity, rate, roof }];
  });
  return points.length === 0 ? null : { operations, bytes, points: points.sort((a, b) => a.intensity - b.intensity) };
}

/** The roof as a line, its edge included, and the rows as numbered points. */
export function rooflinePlot({ operations, bytes, points }: Roofline): Plot {
  const edge = operations / bytes;
  const [least, most] = [points[0]!.intensity, points.at(-1)!.intensity];
  const corners = [Math.min(least, edge) / 2, edge, 2 * Math.max(most, edge)].map((x) => ({
    x,
    rate: null,
    label: "",
  }));
  const marks = points.map(({ intensity, rate }, i) => ({ x: intensity, rate: rate / 1e9, label: String(i + 1) }));
  const all = [...corners, ...marks].sort((a, b) => a.x - b.x);
  return {
    title: "Under the roof",
    xLabel: "operations a byte",
    unit: "GFLOP/s",
    line: "roof",
    x: all.map(({ x }) => x),
    labels: all.map(({ label }) => label),
    series: [
      {
        name: "row",
        values: all.map(({ rate }) => rate),
        fit: all.map(({ x }) => Math.min(operations, x * bytes) / 1e9),
      },
    ],
  };
}

/** @param place  of the plot in the page's list */
export function rooflineMarkup({ points }: Roofline, place: number): Markup {
  return html`<figure class="chart roofline">
<figcaption>GFLOP/s <span class="against">against operations a byte</span></figcaption>
<div class="plot" data-plot="${place}"></div>
<div class="wide"><table class="rows"><thead><tr><th scope="col">row</th><th scope="col">operations a byte</th>
<th scope="col">GFLOP/s</th><th scope="col">of its roof</th></tr></thead><tbody>${points.map(
    ({ name, intensity, rate, roof }, i) => html`<tr><th scope="row">${i + 1} ${name}</th><td>${number(intensity)}</td>
<td>${number(rate / 1e9)}</td><td>${percent(rate / roof)}</td></tr>\n`,
  )}</tbody></table></div></figure>`;
}
