/** A table of numbers as a heat map: the less, the stronger its colour. */

import { html, type Markup } from "./html.js";

export interface HeatMap {
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** One number from 0 for each row and column. */
  readonly values: readonly (readonly number[])[];
  /** This and more has no colour. */
  readonly most: number;
}

export const heatStyles = ["examples/report/heat.css"] as const;

/** Shares of the full colour fall with the logarithm, over two decades below `most`. */
const decades = 2;

export function heatTable({ rowLabel, columnLabel, rows, columns, values, most }: HeatMap): Markup {
  const share = (value: number): number =>
    value <= 0 ? 1 : Math.min(Math.max(Math.log10(most / value) / decades, 0), 1);
  const cell = (value: number): Markup =>
    html`<td style="--share: ${(100 * share(value)).toFixed(0)}%">${value.toFixed(value < 9.95 ? 2 : 0)}</td>`;
  const lines = rows.map(
    (name, row) => html`<tr><th scope="row">${name}</th>${(values[row] ?? []).map(cell)}</tr>`,
  );
  return html`<div class="heat"><table><thead><tr><th scope="col">${rowLabel} <i>by</i> ${columnLabel}</th>
${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${lines}</tbody></table></div>`;
}
