/** Results as one HTML file with everything inside. */

import { html } from "../../examples/report/html.js";
import { type Figure, renderPage, type Section } from "../../examples/report/page.js";
import { comparisonSummary, comparisonTable } from "../compare-table.js";
import { adapterName, type ResultsFile, type Row } from "../results.js";
import { scalingsOf } from "../scaling.js";
import { duration, peersTable } from "../table.js";
import { figuresOf } from "./figures.js";
import {
  allTables,
  ceilingBars,
  countsIntroduction,
  extent,
  ratioBars,
  rowsIntroduction,
  tableOf,
  trust,
} from "./sections.js";

export const plotScripts = ["node_modules/uplot/dist/uPlot.iife.min.js", "bench/report/plots.client.js"] as const;
export const plotStyles = ["node_modules/uplot/dist/uPlot.min.css", "bench/report/report.css"] as const;

const states = { finished: "", interrupted: " The run was stopped early.", failed: " The run failed." } as const;

function peersSection({ peers = [], absentPeers = [], peerVersions = {}, rows }: ResultsFile): Section[] {
  if (peers.length + absentPeers.length === 0) return [];
  return [
    {
      heading: "Beside others",
      introduction: html`The same work, in the same run: what others took over what the row here took. Bars to the right
of the middle: the row here is quicker. ${Object.entries(peerVersions).map((one) => one.join(" ")).join("; ")}`,
      body: html`${peers.length > 0 ? html`${ratioBars(peers)}${tableOf(peersTable(peers, rows))}` : ""}
${absentPeers.map(({ peer, message }) => html`<p>Without ${peer}: ${message}.</p>`)}`,
    },
  ];
}

function againstSection({ against }: ResultsFile): Section[] {
  if (against === undefined) return [];
  const { commit, changed, rows } = against;
  const comparison = { rows, missing: [], differences: [] };
  return [
    {
      heading: "Against another build",
      introduction: html`Commit ${commit?.slice(0, 10) ?? "unknown"}${changed === true ? " with changes" : ""} before,
this one after, measured in alternation: ${comparisonSummary(comparison)}. The true ratio lies between the two numbers
in all rows at once in 95 of 100 such tables.`,
      body: tableOf(comparisonTable(comparison)),
    },
  ];
}

const waitFigure = (circumstances: ResultsFile["circumstances"]): Figure => ({
  value: circumstances === null ? "–" : duration(circumstances.fixedMilliseconds),
  label: "a wait for the device",
  note: "kept out of every figure",
  colour: "second",
});

const sharesSection = (rows: readonly Row[]): Section => ({
  heading: "Of what the adapter can do",
  introduction: html`Each rate as a share of the best that plain kernels reached in the same run; of several the
nearest. Rows whose data fits a cache may pass the ceiling of bytes.`,
  body: ceilingBars(rows),
});

/** The whole text of the page. */
export function benchPage(results: ResultsFile): string {
  const { rows, machine, circumstances, commit, changed, versions } = results;
  const { plots, roof, growth, curves } = figuresOf(rows);
  const scalings = scalingsOf(rows).length;
  // A page of counts alone says nothing of times.
  const timed = rows.length === 0 || !rows.every(({ kind }) => kind === "counted");
  return renderPage({
    title: "Benchmarks of webgpu-imle",
    overline: adapterName(results),
    lead: html`${trust(rows)}${states[results.state]}`,
    figures: [
      {
        value: String(rows.length),
        label: "rows",
        note: timed ? `a unit of work: ${extent(rows)}` : "of figures that are counted",
        colour: "first",
      },
      ...(timed ? [waitFigure(circumstances)] : []),
      ...(scalings > 0
        ? [{ value: String(scalings), label: "scaling laws", note: "fitted below", colour: "third" }]
        : []),
    ],
    sections: [
      ...(timed ? [sharesSection(rows)] : []),
      ...roof,
      ...peersSection(results),
      ...againstSection(results),
      ...(timed ? [growth] : []),
      ...curves,
      {
        heading: "All rows",
        introduction: timed ? rowsIntroduction : countsIntroduction,
        body: allTables(rows),
      },
    ],
    circumstances: [
      ["Adapter", adapterName(results)],
      ["Machine", `${machine.processor}, ${machine.cores} cores, ${machine.platform} ${machine.architecture}`],
      ["Measured", `${results.started}, ${results.seconds.toFixed(0)} s${results.quick ? ", quick" : ""}`],
      ["Commit", commit === null ? "unknown" : `${commit.slice(0, 12)}${changed === true ? ", with changes" : ""}`],
      ["Versions", Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")],
      ["Command", results.command],
    ],
    data: { plots },
    scripts: plotScripts,
    styles: plotStyles,
  });
}
