/** The parts of a report of results that the file and the live page share. */

import { html, type Markup } from "../../examples/report/html.js";
import { busyFrom } from "../calibration.js";
import type { PeerResult } from "../peers/peer.js";
import type { Row, TimedRow } from "../results.js";
import { bestShare } from "../shares.js";
import { duration, number, percent, quantityUnit, tablesOf } from "../table.js";

const isTimed = (row: Row): row is TimedRow => row.kind === "timed";

/** Each row's rate as a share of the ceiling that it comes nearest to: the roof above it. */
export function ceilingBars(rows: readonly Row[]): Markup {
  const bars = rows.filter(isTimed).flatMap((row) => {
    const nearest = bestShare(row);
    return nearest === null ? [] : [{ row, ...nearest }];
  });
  if (bars.length === 0) return html`<p>No row has a ceiling in this run.</p>`;
  return html`<table class="bars"><tbody>${bars.map(
    ({ row, share, quantity }) => html`<tr><th scope="row">${row.benchmark} <span>${row.name}</span></th>
<td><div class="bar" data-over="${share > 1 ? "yes" : "no"}"><i style="width:${barWidth(share)}%"></i></div></td>
<td class="number">${percent(share)}</td><td class="of">of ${quantityUnit(quantity)}</td></tr>\n`,
  )}</tbody></table>`;
}

/** Peers beside the rows, on a logarithmic scale about ×1: to the right the row here is quicker. */
export function ratioBars(peers: readonly PeerResult[]): Markup {
  const known = peers.filter((one): one is PeerResult & { readonly ratio: number } => one.ratio !== null);
  const most = Math.max(2, ...known.map(({ ratio }) => Math.max(ratio, 1 / ratio)));
  const bars = known.map(({ peer, benchmark, name, ratio }) => {
    const width = (50 * Math.abs(Math.log(ratio))) / Math.log(most);
    const side = ratio >= 1 ? "quicker" : "slower";
    return html`<tr><th scope="row">${benchmark} <span>${name}</span></th><td class="peer">${peer}</td>
<td><div class="ratio ${side}"><i style="width:${width.toFixed(1)}%"></i></div></td>
<td class="number">×${number(ratio)}</td></tr>\n`;
  });
  return html`<table class="bars ratios"><tbody>${bars}</tbody></table>`;
}

const barWidth = (share: number): string => (100 * Math.min(1, Math.max(0, share))).toFixed(1);

/** Every row in the tables that the command prints, and what failed. */
export function allTables(rows: readonly Row[]): Markup {
  const names = [...new Set(rows.map(({ benchmark }) => benchmark))];
  return html`${names.map((name) => {
    const own = rows.filter(({ benchmark }) => benchmark === name);
    const failures = own.flatMap((row) => (row.kind === "failed" ? [row] : []));
    return html`<h3>${name}</h3>${tablesOf(own).map(tableOf)}
${failures.map((row) => html`<p class="failed"><b>${row.name}</b> failed: ${row.message}</p>`)}`;
  })}`;
}

/** A table with its head first. */
export function tableOf([head = [], ...lines]: readonly (readonly string[])[]): Markup {
  return html`<div class="wide"><table class="rows"><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}
</tr></thead><tbody>${lines.map(
    ([first = "", ...cells]) =>
      html`<tr><th scope="row">${first}</th>${cells.map((text, i) => cellOf(text, head[i + 1]))}</tr>\n`,
  )}</tbody></table></div>`;
}

/** The column without a head has the marks of doubt. */
const cellOf = (text: string, head: string | undefined): Markup =>
  head === "" ? html`<td class="marks">${text}</td>` : html`<td>${text}</td>`;

/** How far the figures may be believed, in a sentence. */
export function trust(rows: readonly Row[]): string {
  const timed = rows.filter(isTimed);
  const unsettled = timed.filter(({ measurement }) => !measurement.settled).length;
  const busy = timed.filter((row) => row.busy >= busyFrom).length;
  const failed = rows.filter(({ kind }) => kind === "failed").length;
  const doubts = [
    ...(unsettled > 0 ? [`${unsettled} of ${timed.length} did not settle`] : []),
    ...(busy > 0 ? [`the machine was busy during ${busy}`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  if (doubts.length === 0 && timed.length === 0 && rows.length > 0) return "Counted figures: nothing was timed.";
  return doubts.length === 0 ? "Every time settled, on a quiet machine." : `Read with care: ${doubts.join(", ")}.`;
}

/** The same of counts alone. */
export const countsIntroduction: Markup = html`Figures of each case. What is drawn from noise differs from run to run.`;

/** What the columns of all tables are. */
export const rowsIntroduction: Markup = html`The time of one unit of work: the middle of the least third of all samples,
since other work on the machine only ever adds to a time. Another such run differs by less than ±, 19 of 20 times. Rates
count what must be done at least. Only shares and ratios of one run compare.`;

/** The longest and the shortest row, for the head of a page. */
export function extent(rows: readonly Row[]): string {
  const times = rows.filter(isTimed).map(({ measurement }) => measurement.time.value);
  if (times.length === 0) return "–";
  return `${duration(Math.min(...times))} to ${duration(Math.max(...times))}`;
}
