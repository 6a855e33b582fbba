/** What every experiment's page says of its run, in the same words. */

import type { Circumstances } from "./experiment.js";
import { html, type Markup } from "./html.js";
import { count } from "./page.js";
import type { SummaryEvent } from "./steps.js";

const endings: Readonly<Record<Circumstances["state"], string>> = {
  running: "still running",
  interrupted: "stopped early",
  failed: "ended by an error",
  finished: "",
};

/** ` This run was stopped early: 3 of 24 epochs.`; empty for one that finished. */
export function endingOf(state: Circumstances["state"], reached: number, all: number, unit: string): Markup {
  const ended = endings[state];
  return ended === "" ? html`` : html` <em>This run was ${ended}: ${reached} of ${all} ${unit}.</em>`;
}

/** ` 720 training steps of 87 dispatches read nothing back.`; empty before a run has told. */
export function stepsProof(outcome: SummaryEvent | null): string {
  if (outcome === null) return "";
  const { steps, dispatchesPerStep, readbacksInSteps } = outcome;
  const read = readbacksInSteps === 0 ? "nothing" : `${readbacksInSteps} results`;
  return ` ${count(steps)} training steps of ${Math.round(dispatchesPerStep)} dispatches read ${read} back.`;
}

/** A line for a page's circumstances; none before a run has told. */
export function memoryOf(outcome: SummaryEvent | null): (readonly [string, string])[] {
  return outcome === null ? [] : [["Device memory", `${(outcome.peakBytes / 2 ** 20).toFixed(0)} MiB`]];
}
