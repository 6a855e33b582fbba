/** Runs benchmarks on the page that `npm run bench:page` serves, and shows what comes out. */

import { html, type Markup } from "../../examples/report/html.js";
import { describeAdapter } from "../../tools/runtimes/bootstrap.js";
import { adapterLine } from "../../tools/runtimes/host.js";
import { benchmarks } from "../index.js";
import { figuresOf } from "../report/figures.js";
import type { Plot } from "../report/plots.js";
import { allTables, ceilingBars, rowsIntroduction, trust } from "../report/sections.js";
import { type BenchEvent, type Circumstances, type ResultsFile, placeRow, resultsFormat, type Row } from "../results.js";
import { choose, type Chosen, runSuite } from "../suite.js";
import { duration } from "../table.js";

/** Milliseconds: from here on the clock is coarse, and each batch must be long for it. */
const coarseStep = 0.05;

declare const drawPlots: (plots: readonly Plot[]) => void;

function element<Wanted extends HTMLElement>(id: string): Wanted {
  return document.getElementById(id) as Wanted;
}

const show = (id: string, markup: Markup): void => void (element(id).innerHTML = markup.text);

class Warnings {
  private readonly texts: string[] = [];

  add(text: string): void {
    if (this.texts.includes(text)) return;
    this.texts.push(text);
    show("warnings", html`${this.texts.map((one) => html`<p>${one}</p>`)}`);
  }
}

const choices = (): Markup =>
  html`<legend>Benchmarks</legend>${benchmarks.map(
    ({ name, summary }) => html`<label><input type="checkbox" name="benchmark" value="${name}"
${name === "ceilings" ? " checked disabled" : ""}> ${name} <small>${summary}</small></label>`,
  )}`;

const boxes = (): HTMLInputElement[] => [
  ...document.querySelectorAll<HTMLInputElement>("input[name=benchmark]:not(:disabled)"),
];

const isQuick = (): boolean => element<HTMLInputElement>("quick").checked;

/** The cases of the benchmarks that are ticked, and the ceilings. */
function chosenCases(): Chosen[] {
  const names = boxes().flatMap(({ checked, value }) => (checked ? [value] : []));
  const wanted = benchmarks.filter(({ name }) => name === "ceilings" || names.includes(name));
  return choose(wanted, [], isQuick());
}

/** Seconds that a row takes, about, with what it needs to get ready. */
const secondsOfRow = { quick: 2, full: 5 } as const;

/** Says what a run would be, and what the button beside it does. */
function showPlan(): void {
  const { length } = chosenCases();
  const minutes = (length * (isQuick() ? secondsOfRow.quick : secondsOfRow.full)) / 60;
  const time = minutes < 0.75 ? "less than a minute" : minutes < 1.5 ? "about a minute" : `about ${Math.round(minutes)} min`;
  element("plan").textContent = `${length} rows, ${time}`;
  element("all").textContent = boxes().every(({ checked }) => checked) ? "Choose none" : "Choose all";
}

function download(results: ResultsFile): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(results, null, 2)], { type: "application/json" }));
  link.download = `webgpu-imle-${results.started.replace(/[:.]/g, "-")}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function showRows(rows: readonly Row[]): void {
  const { plots, roof, growth, curves } = figuresOf(rows);
  const parts = [...roof, growth, ...curves].map(({ heading, body }) => html`<section><h2>${heading}</h2>${body}</section>`);
  show(
    "results",
    html`<section><h2>Of what the adapter can do</h2>${ceilingBars(rows)}</section>
${parts}<section><h2>All rows</h2><p class="introduction">${trust(rows)} ${rowsIntroduction}</p>${allTables(rows)}</section>`,
  );
  drawPlots(plots);
}

export default async function main(): Promise<void> {
  const warnings = new Warnings();
  show("benchmarks", choices());
  showPlan();
  element("choice").addEventListener("change", showPlan);
  element("all").addEventListener("click", () => {
    const all = !boxes().every(({ checked }) => checked);
    for (const box of boxes()) box.checked = all;
    showPlan();
  });
  const adapter = (await navigator.gpu?.requestAdapter()) ?? null;
  if (adapter === null) {
    element("adapter").textContent = "No adapter";
    warnings.add("This browser has no WebGPU adapter: try a current Chrome or Edge, and see chrome://gpu.");
    return;
  }
  const version = /Chrome\/(\d+)/.exec(navigator.userAgent)?.[1];
  const description = describeAdapter(adapter, "chrome", version === undefined ? "A browser" : `Chrome ${version}`);
  element("adapter").textContent = adapterLine(description);
  if (description.software) warnings.add("This adapter runs on the processor. With a GPU, see chrome://gpu.");

  const surroundings = JSON.parse(element("surroundings").textContent ?? "{}") as Pick<
    ResultsFile,
    "commit" | "changed" | "machine" | "versions"
  >;
  const run = element<HTMLButtonElement>("run");
  const stop = element<HTMLButtonElement>("stop");
  const save = element<HTMLButtonElement>("download");
  let results: ResultsFile | null = null;
  let stopping: AbortController | null = null;

  const warnWhenHidden = (): void => {
    if (!document.hidden || stopping === null) return;
    warnings.add("This tab was hidden during a run: browsers slow hidden tabs down. Run again with it in front.");
  };
  document.addEventListener("visibilitychange", warnWhenHidden);

  const runChosen = async (): Promise<void> => {
    const quick = isQuick();
    const chosen = chosenCases();
    const started = new Date();
    const rows: Row[] = [];
    let circumstances: Circumstances | null = null;
    const update = (state: ResultsFile["state"]): void => {
      const seconds = (Date.now() - started.getTime()) / 1000;
      const place = { format: resultsFormat, state, started: started.toISOString(), seconds, quick } as const;
      results = { ...place, command: "npm run bench:page", ...surroundings, adapter: description, circumstances, rows };
    };
    const onEvent = (event: BenchEvent): void => {
      if (event.type === "circumstances") {
        circumstances = event.circumstances;
        const step = circumstances.clockStepMilliseconds;
        if (step >= coarseStep) warnings.add(`This browser's clock is coarse, in steps of ${duration(step)}.`);
      } else if (event.type === "row-started") {
        element<HTMLProgressElement>("bar").value = event.done;
        element("status").textContent = `Round ${event.round}: ${event.benchmark}/${event.name}`;
      } else if (event.type === "row-progress") {
        element<HTMLProgressElement>("bar").value = event.done;
      } else if (event.type === "row") {
        placeRow(rows, event.row);
        update("interrupted");
        showRows(rows);
      }
    };
    stopping = new AbortController();
    const { signal } = stopping;
    [run.disabled, stop.disabled, save.disabled] = [true, false, true];
    element("progress").hidden = false;
    warnWhenHidden();
    try {
      await runSuite({ chosen, quick, emit: onEvent, signal });
      const failed = rows.some(({ kind }) => kind === "failed");
      update(signal.aborted ? "interrupted" : failed ? "failed" : "finished");
      if (!signal.aborted) element<HTMLProgressElement>("bar").value = 1;
      const seconds = ((Date.now() - started.getTime()) / 1000).toFixed(0);
      const end = signal.aborted ? "Stopped" : "Finished";
      element("status").textContent = `${end}: ${rows.length} rows in ${seconds} s.`;
    } catch (error) {
      update("failed");
      warnings.add(`The run failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      stopping = null;
      [run.disabled, stop.disabled, save.disabled] = [false, true, false];
    }
  };
  element("choice").addEventListener("submit", (event) => {
    event.preventDefault();
    void runChosen();
  });
  stop.addEventListener("click", () => stopping?.abort());
  save.addEventListener("click", () => results !== null && download(results));
  run.disabled = false;
}
