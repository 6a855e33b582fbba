/** The README's tables: headline rows of every saved run, and what peers took beside them. */

import type { Benchmark } from "./benchmark.js";
import { isTimed } from "./benchmark.js";
import { adapterName, deviceName, type ResultsFile, type Row, type TimedRow } from "./results.js";
import { bestShare } from "./shares.js";
import { fullName } from "./suite.js";
import { duration, marks, number, percent, quantityUnit } from "./table.js";

const begin = "<!-- measured: `npm run bench -- --readme` writes what follows -->";
const end = "<!-- measured: end -->";

/** Names of the cases that stand in the README. */
export const headlinesOf = (benchmarks: readonly Benchmark[]): string[] =>
  benchmarks.flatMap((benchmark) =>
    benchmark.cases.filter((one) => isTimed(one) && one.headline === true).map((one) => fullName(benchmark, one)),
  );

const nameOf = ({ benchmark, name }: Pick<Row, "benchmark" | "name">): string => `${benchmark}/${name}`;
const cellText = (text: string): string => text.replaceAll("|", "\\|");
const line = (cells: readonly string[]): string => `| ${cells.map(cellText).join(" | ")} |`;
const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");

function timed(file: ResultsFile, name: string): TimedRow | null {
  const row = file.rows.find((one) => nameOf(one) === name);
  return row?.kind === "timed" ? row : null;
}

/** `0.49 ms, 93 % of GB/s`; with ≈ where there is a doubt. */
function cell(row: TimedRow | null): string {
  if (row === null) return "–";
  const best = bestShare(row);
  const share = best === null ? "" : `, ${percent(best.share)} of ${quantityUnit(best.quantity)}`;
  return `${marks(row) === "" ? "" : "≈ "}${duration(row.measurement.time.value)}${share}`;
}

/** What others took over what the row took: `jax-js ×5.7, PyTorch ×0.17`. */
function ratios({ peers = [] }: ResultsFile, name: string): string {
  const own = peers.filter((one) => nameOf(one) === name && one.ratio !== null);
  return own.map(({ peer, ratio }) => `${shortName(peer)} ×${number(ratio!)}`).join(", ") || "–";
}

/** `jax-js` of `jax-js, same adapter` */
const shortName = (peer: string): string => peer.replace(/,.*/, "");

/** `Deno, llvmpipe`: what heads a column; a number tells apart runs that would be called alike. */
function columnNames(files: readonly ResultsFile[]): string[] {
  const names = files.map((file) => {
    const { runtimeVersion = "" } = (file.adapter ?? {}) as { runtimeVersion?: string };
    const device = deviceName(file).replace(/\(.*|\bdriver\b.*|^google /g, "").trim();
    return [runtimeVersion.split(" ")[0], device].filter(Boolean).join(", ");
  });
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return before === 0 ? name : `${name} (${before + 1})`;
  });
}

function circumstances(file: ResultsFile, column: string): string {
  const { machine, started, commit, changed, quick } = file;
  const at = commit === null ? "" : `, commit ${commit.slice(0, 10)}${changed === true ? " with changes" : ""}`;
  const day = started.slice(0, 10);
  const place = `${adapterName(file)}; ${machine.processor}, ${machine.cores} cores`;
  return `- ${column}: ${place}; ${day}${at}${quick ? ", quick" : ""}`;
}

/** `jax-js, same adapter 0.1.25; PyTorch 2.15.0 (cpu)` */
function versions(files: readonly ResultsFile[]): string {
  const all = files.flatMap(({ peerVersions = {} }) => Object.entries(peerVersions));
  const told = [...new Set(all.map(([peer, version]) => `${shortName(peer)} ${version}`))];
  return told.length === 0 ? "" : ` ${told.join("; ")}.`;
}

/** The section's text, from all saved runs in the order of their files' names. */
export function readmeSection(files: readonly ResultsFile[], headlines: readonly string[]): string {
  if (files.length === 0) return "No run has been saved yet.";
  const columns = columnNames(files);
  const inAny = ([, ...cells]: readonly string[]): boolean => cells.some((text) => text !== "–");
  const rows = headlines.map((name) => [name, ...files.map((file) => cell(timed(file, name)))]).filter(inAny);
  const compared = headlines.map((name) => [name, ...files.map((file) => ratios(file, name))]).filter(inAny);
  return [
    tableOf(["benchmark/case", ...columns], rows),
    "≈: another such run may differ by more than 5 % (2 % where the run was not quick), the machine was busy, or the calls were what took the time.",
    ...(compared.length === 0
      ? []
      : [
          "The same work by others, in the same runs: their time over ours, so that above ×1 ours is less." +
            versions(files),
          tableOf(["benchmark/case", ...columns], compared),
        ]),
    files.map((file, i) => circumstances(file, columns[i]!)).join("\n"),
  ].join("\n\n");
}

/** @throws Error in one line where the README has no place for it */
export function withSection(readme: string, section: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md must have a line "${begin}" and a line "${end}"`);
  return `${readme.slice(0, from + begin.length)}\n\n${section}\n\n${readme.slice(to)}`;
}
