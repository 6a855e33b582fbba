/** `npm run bench -- --against FOLDER`: another built checkout and this one, measured in alternation. */

import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { AgainstArguments, AgainstEvent } from "../bench/against.js";
import type { ComparedRow } from "../bench/compare.js";
import { type ResultsFile, resultsFormat } from "../bench/results.js";
import { fail } from "./bench-files.js";
import { comparisonText } from "./bench-offline.js";
import {
  type AdapterChoice,
  type AdapterDescription,
  adapterLine,
  interruptedExitCode,
  interruptSignal,
  projectRoot,
  runProgram,
  type RuntimeName,
} from "./runtimes/index.js";
import { revision, surroundings } from "./surroundings.js";
import { ProgressDisplay } from "./terminal.js";

export interface AgainstOptions {
  readonly patterns: readonly string[];
  readonly runtime: RuntimeName;
  readonly adapter?: AdapterChoice;
  /** Milliseconds a row at most; null takes 10 s. */
  readonly budget: number | null;
  /** As it was typed. */
  readonly command: string;
}

export interface AgainstOutcome {
  /** The exit code. */
  readonly code: number;
  /** Null where nothing was measured. */
  readonly results: ResultsFile | null;
}

const program = "bench-against.js";
const usualBudget = 10_000;

/**
 * Copies what another checkout has built to where every runtime may load it: Deno reads nothing outside this checkout,
 * and a page nothing that is not served.
 * @returns the program's path relative to this checkout's own
 */
function bringIn(folder: string): string {
  const programs = join("build", "programs");
  if (!existsSync(join(folder, programs, program)) || !existsSync(join(folder, "dist"))) {
    const fix = "run `npm run build` there, of a version that has this option as well";
    fail(`error: --against: the folder must be a built checkout, got ${folder}: ${fix}`, 1);
  }
  const copy = join(projectRoot, "build", "against");
  rmSync(copy, { recursive: true, force: true });
  const isNeeded = (path: string): boolean => !/\.map$|\.d\.ts$|[\\/]types$/.test(path);
  for (const part of [programs, "dist"]) {
    cpSync(join(folder, part), join(copy, part), { recursive: true, filter: isNeeded });
  }
  return `../against/build/programs/${program}`;
}

/** Measures, and prints the ratios. */
export async function against(folder: string, options: AgainstOptions): Promise<AgainstOutcome> {
  const { patterns, runtime, adapter: choice, budget, command } = options;
  const other = bringIn(folder);
  const started = new Date();
  const rows = new Map<string, ComparedRow>();
  const missing: string[] = [];
  const display = new ProgressDisplay();
  let adapter: AdapterDescription | null = null;
  const onEvent = (event: AgainstEvent): void => {
    if (event.type === "round-started") display.report(event.done / event.rounds, event.name);
    else if (event.type === "compared") rows.set(event.row.name, event.row);
    else missing.push(event.message);
  };
  const result = await runProgram({
    runtime,
    ...(choice !== undefined && { adapter: choice }),
    program: "bench/against.ts",
    args: { patterns, budget: budget ?? usualBudget, other } satisfies AgainstArguments,
    signal: interruptSignal(),
    onAdapter: (description) => {
      adapter = description;
      console.log(adapterLine(description));
    },
    onText: (line) => display.line(line),
    onEvent: (event) => onEvent(event as unknown as AgainstEvent),
  });
  display.end();
  if (result.outcome === "failed") console.error(`webgpu-imle: --against: ${result.failure}`);
  const theirs = revision(folder);
  if (rows.size + missing.length > 0) {
    const named = theirs.commit?.slice(0, 10) ?? "unknown";
    console.log(`Before: commit ${named}${theirs.changed === true ? " with changes" : ""}, ${folder}; after: this checkout.`);
    console.log(comparisonText({ rows: [...rows.values()], missing, differences: [] }));
  }
  if (result.outcome === "stopped") console.log("Stopped early: intervals are wider than they would have become.");
  const state = ({ finished: "finished", failed: "failed", stopped: "interrupted" } as const)[result.outcome];
  const results: ResultsFile = {
    format: resultsFormat,
    state,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    command,
    quick: false,
    ...surroundings(),
    adapter,
    circumstances: null,
    rows: [],
    against: { ...theirs, rows: [...rows.values()] },
  };
  const code = { finished: 0, failed: 1, stopped: interruptedExitCode }[result.outcome];
  return { code, results: rows.size > 0 ? results : null };
}
