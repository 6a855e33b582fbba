/** `npm run bench`: runs benchmarks on a runtime, prints tables, and leaves the results as JSON and as a page. */

import { join, relative, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { benchmarks } from "../bench/index.js";
import type { Arguments } from "../bench/program.js";
import { isTimed } from "../bench/benchmark.js";
import { peers } from "../bench/peers/index.js";
import { type AbsentPeer, type PeerResult, type PeerRow, runPeers } from "../bench/peers/peer.js";
import { benchPage } from "../bench/report/page.js";
import type { BenchEvent, Circumstances, ResultsFile, Row } from "../bench/results.js";
import { placeRow, resultsFormat } from "../bench/results.js";
import { resultsText, savedName, savedText } from "../bench/saved.js";
import { scalingLine, shownScalings } from "../bench/scaling.js";
import { choose, type Chosen, fullName, unmatched } from "../bench/suite.js";
import { duration, peersTable, percent, tablesOf } from "../bench/table.js";
import { against } from "./bench-against.js";
import { fail, writeWhole } from "./bench-files.js";
import { compare, list, pageFrom, renewReadme, resultsFolder } from "./bench-offline.js";
import {
  type AdapterChoice,
  type AdapterDescription,
  adapterLine,
  interruptedExitCode,
  interruptSignal,
  runProgram,
  type RuntimeName,
  runtimeNames,
} from "./runtimes/index.js";
import { surroundings } from "./surroundings.js";
import { ProgressDisplay, table } from "./terminal.js";

interface Options {
  readonly runtime: RuntimeName;
  readonly adapter?: AdapterChoice;
  readonly quick: boolean;
  readonly seconds?: number;
  readonly against?: string;
  readonly from?: string;
  readonly list: boolean;
  readonly out?: string;
  readonly page?: string;
  readonly peers: boolean;
  readonly save: boolean;
  readonly compare: boolean;
  readonly readme: boolean;
}

/** Milliseconds of a quick run: it is to end within three minutes, whatever there is to measure. */
const quickRun = { rows: 115_000, peers: 52_000 } as const;

const usage =
  `[NAME ...] [--quick] [--seconds N] [--runtime ${runtimeNames.join("|")}] [--out FILE] [--page FILE] [--save] ` +
  "[--no-peers] [--against FOLDER] [--list] [--help], or --compare A.json B.json, or --from A.json --page FILE, " +
  "or --readme";

const examples = `
Examples:
  npm run bench -- --quick                         what this machine does, within 3 minutes
  npm run bench -- top-k matmul/512 --out a.json   some cases, and their figures as JSON and as a page
  npm run bench -- matmul --against ../before      what a change has made of them
  npm run bench -- --compare a.json b.json         two files, row by row
What the columns say, and how it measures: bench/README.md`;

function secondsOf(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError("it must be a number above 0, and at most 3600.");
  return value;
}

function parse(): { readonly patterns: readonly string[]; readonly options: Options } {
  const command = new Command("npm run bench --")
    .description("Measures kernels, solvers and whole training steps, as shares of what the adapter can do.")
    .argument("[names...]", "only cases whose benchmark/case has one of these in it; ceilings always come along")
    .addOption(new Option("--runtime <name>", "where to run").choices(runtimeNames).default("node"))
    .addOption(new Option("--adapter <which>", "the adapter to take").choices(["system", "software"]))
    .option("--quick", "ends within 3 minutes: less time a row, and less certainty")
    .option("--seconds <number>", "time a row at most (default: 4, with --quick 1.5, with --against 10)", secondsOf)
    .option("--against <folder>", "measures another built checkout and this one in alternation, and their ratio")
    .option("--out <file>", "writes the results as JSON")
    .option("--page <file>", "writes the results as a page (default: beside --out, with .html)")
    .option("--save", "keeps the results of all benchmarks in bench/results, under the adapter's name")
    .option("--no-peers", "does not time others, such as PyTorch, on the same work")
    .option("--from <file>", "writes the page of a result file, with --page, and runs nothing")
    .option("--compare", "compares two result files, given in place of names, and runs nothing")
    .option("--readme", "writes the README's tables from bench/results, and runs nothing")
    .option("--list", "names all benchmarks and cases, or those with one of the names in it, and runs none")
    .addHelpText("after", examples)
    .showHelpAfterError(`Usage: npm run bench -- ${usage}`)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse();
  const flags = { quick: false, list: false, save: false, compare: false, readme: false };
  return { patterns: command.processedArgs[0] as string[], options: { ...flags, ...command.opts<Options>() } };
}

const quoted = (argument: string): string => (/^[\w./:=-]+$/.test(argument) ? argument : JSON.stringify(argument));

const { patterns, options } = parse();
if (options.compare) {
  console.log(compare(patterns));
  process.exit(0);
}
if (options.from !== undefined) {
  if (options.page === undefined) fail("error: --from takes --page FILE, which says where the page goes", 2);
  console.log(pageFrom(options.from, options.page));
  process.exit(0);
}
if (options.readme) {
  console.log(renewReadme());
  process.exit(0);
}
if (options.save && patterns.length > 0) fail("error: --save keeps all benchmarks: leave the names away", 2);
const unknown = unmatched(benchmarks, patterns);
if (unknown.length > 0) {
  const names = benchmarks.map(({ name }) => name).join(", ");
  const given = unknown.map((name) => `"${name}"`).join(" or ");
  fail(`error: no benchmark has ${given} in its name; there are ${names} (--list names the cases)`, 2);
}
if (options.list) {
  console.log(list(patterns));
  process.exit(0);
}

const { runtime, quick, adapter: choice } = options;
const out = options.out === undefined ? null : resolve(options.out);
const page =
  options.page !== undefined ? resolve(options.page) : (out?.replace(/(\.json)?$/, ".html") ?? null);
const budget = options.seconds === undefined ? null : 1000 * options.seconds;
const place = { runtime, ...(choice !== undefined && { adapter: choice }) };
const command = ["npm run bench --", ...process.argv.slice(2).map(quoted)].join(" ");
const near = (file: string): string => {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") ? file : path;
};
if (options.against !== undefined) {
  const { code, results } = await against(resolve(options.against), { patterns, budget, command, ...place });
  if (results !== null && out !== null) {
    writeWhole("--out", out, resultsText(results));
    console.log(`Results: ${near(out)}`);
  }
  if (results !== null && page !== null) {
    writeWhole("--page", page, benchPage(results));
    console.log(`Page: ${near(page)}`);
  }
  process.exit(code);
}
const started = new Date();
const rows: Row[] = [];
const leftOut: string[] = [];
const peerResults: PeerResult[] = [];
let absentPeers: readonly AbsentPeer[] = [];
let peerVersions: Readonly<Record<string, string>> = {};
let adapter: AdapterDescription | null = null;
let circumstances: Circumstances | null = null;

const known = {
  command,
  quick,
  ...surroundings(),
};
const resultsOf = (state: ResultsFile["state"]): ResultsFile => ({
  format: resultsFormat,
  state,
  started: started.toISOString(),
  seconds: (Date.now() - started.getTime()) / 1000,
  ...known,
  adapter,
  circumstances,
  rows,
  peers: peerResults,
  absentPeers,
  peerVersions,
  ...(leftOut.length > 0 && { leftOut }),
});
const save = (state: ResultsFile["state"]): void => {
  const results = resultsOf(state);
  if (out !== null) writeWhole("--out", out, resultsText(results));
  if (page !== null) writeWhole("--page", page, benchPage(results));
};
save("interrupted");

const display = new ProgressDisplay();
const chosen = choose(benchmarks, patterns, quick);
let progress = 0;
let current = "";
const shown = new Set<string>();
/** Cases that no further round will change. */
const ready = new Set<string>();
/** Prints the tables of rows of one benchmark. */
const showTables = (fresh: readonly Row[]): void => {
  if (fresh.length === 0) return;
  shown.add(fresh[0]!.benchmark);
  const failures = fresh.filter((row) => row.kind === "failed");
  const tables = tablesOf(fresh).map((one) => `${table(one)}\n`);
  const messages = failures.map((row) => `  ${row.name}: FAILED: ${row.message}\n`);
  const laws = shownScalings(fresh);
  const scaling = laws.length === 0 ? [] : [laws.map((law) => `  ${scalingLine(law)}\n`).join("")];
  display.line(`\n${fresh[0]!.benchmark}\n${[...tables, ...messages, ...scaling].join("\n")}`);
};

const nameOf = ({ benchmark, name }: Row): string => `${benchmark}/${name}`;
/** Prints a benchmark's tables as soon as no further round will change them. */
const showTablesOf = (benchmark: string): void => {
  const own = chosen.filter((one) => one.benchmark.name === benchmark);
  const names = own.map((one) => fullName(one.benchmark, one.case));
  if (names.every((name) => ready.has(name) || leftOut.includes(name))) {
    showTables(rows.filter((row) => row.benchmark === benchmark));
  }
};

const onEvent = (event: BenchEvent): void => {
  if (event.type === "circumstances") {
    circumstances = event.circumstances;
    const { fixedMilliseconds, clockStepMilliseconds, timestamps } = circumstances;
    display.line(
      `A wait for the device costs ${duration(fixedMilliseconds)}, which is kept out of every figure; ` +
        `clock steps of ${duration(clockStepMilliseconds)}; ${timestamps ? "with" : "without"} device timestamps.`,
    );
  } else if (event.type === "row-started") {
    current = `${event.benchmark}/${event.name}`;
    progress = event.done;
    display.report(event.done, current);
  } else if (event.type === "row-progress") {
    display.report(event.done, current);
  } else if (event.type === "left-out") {
    leftOut.push(event.name);
  } else {
    const { row, isLast } = event;
    placeRow(rows, row);
    if (isLast) ready.add(nameOf(row));
    showTablesOf(row.benchmark);
    save("interrupted");
  }
};

const signal = interruptSignal();
const result = await runProgram({
  ...place,
  program: "bench/program.ts",
  args: { patterns, quick, budget, allowance: quick ? quickRun.rows : null } satisfies Arguments,
  signal,
  onAdapter: (description) => {
    adapter = description;
    console.log(adapterLine(description));
  },
  onText: (line) => display.line(line),
  onEvent: (event) => onEvent(event as unknown as BenchEvent),
});
display.end();
for (const name of new Set(rows.map(({ benchmark }) => benchmark))) {
  if (!shown.has(name)) showTables(rows.filter(({ benchmark }) => benchmark === name));
}

if (options.peers && result.outcome === "finished") {
  const rowsOfPeers = rows.flatMap((row): PeerRow[] => {
    const ofRow = (entry: Chosen): boolean => entry.benchmark.name === row.benchmark && entry.case.name === row.name;
    const { case: one } = chosen.find(ofRow)!;
    if (row.kind !== "timed" || !isTimed(one) || one.peers === undefined) return [];
    // Whoever asks for everything and has little time gets the peers of what the README shows.
    if (quick && patterns.length === 0 && one.headline !== true) return [];
    const { benchmark, name, measurement } = row;
    return [{ benchmark, name, task: one.peers, milliseconds: measurement.time.value }];
  });
  const limit = quick ? { allowance: quickRun.peers } : {};
  const pairs = peers.map(({ tasks }) => rowsOfPeers.filter(({ task }) => tasks.includes(task.task)).length);
  const count = pairs.reduce((sum, one) => sum + one, 0);
  const peerDisplay = new ProgressDisplay();
  ({ absent: absentPeers, versions: peerVersions } = await runPeers(peers, rowsOfPeers, {
    budgetMilliseconds: quick ? 300 : 2000,
    signal,
    ...limit,
    ...place,
    onStart: (peer, row) => peerDisplay.report(peerResults.length / count, `${peer}: ${row.benchmark}/${row.name}`),
    onResult: (one) => {
      peerResults.push(one);
      save("interrupted");
    },
  }));
  peerDisplay.end();
  if (peerResults.length > 0) console.log(`\nPeers\n${table(peersTable(peerResults, rows))}\n`);
  for (const { peer, message } of absentPeers) console.log(`Without ${peer}: ${message}.`);
}

const failed = rows.filter(({ kind }) => kind === "failed").length;
const outcome = signal.aborted ? "stopped" : result.outcome === "finished" && failed > 0 ? "failed" : result.outcome;
const seconds = (Date.now() - started.getTime()) / 1000;
save(({ finished: "finished", failed: "failed", stopped: "interrupted" } as const)[outcome]);
if (result.outcome === "failed") console.error(`webgpu-imle: ${result.failure}`);
if (outcome === "stopped") {
  console.log(`Stopped early, after ${rows.length} of ${chosen.length} rows, at ${percent(progress)} of the run.`);
}
if (leftOut.length > 0) console.log(`Left out, to end in time (name them to run them): ${leftOut.join(", ")}.`);
if (adapter !== null) {
  console.log(`${rows.length - failed} rows in ${seconds.toFixed(0)} s on ${adapterLine(adapter)}`);
}
if (options.save && outcome === "finished") {
  const file = join(resultsFolder, savedName(resultsOf("finished")));
  writeWhole("--save", file, savedText(resultsOf("finished")));
  console.log(`Saved: ${near(file)}. The README's tables are renewed by: npm run bench -- --readme`);
} else if (options.save) {
  console.log("Not saved: a run is kept when all its rows were measured.");
}
if (out !== null) console.log(`Results: ${near(out)}`);
if (page !== null) console.log(`Page: ${near(page)}`);
process.exit({ finished: 0, failed: 1, stopped: interruptedExitCode }[outcome]);
