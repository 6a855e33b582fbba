/** `npm start`: runs one experiment, or all of them, shows how it goes, and leaves pages of what came out. */

import { join, relative, resolve } from "node:path";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { ImleError } from "webgpu-imle";
import { digits } from "../examples/digits/experiment.js";
import { synthetic } from "../examples/synthetic/experiment.js";
import { terrain } from "../examples/terrain/experiment.js";
import type { Circumstances, Experiment, Options, ProgressEvent, Run } from "../examples/report/experiment.js";
import {
  adapterLine,
  interruptedExitCode,
  interruptSignal,
  type ProgramEvent,
  projectRoot,
  runProgram,
  type RuntimeName,
  runtimeNames,
} from "./runtimes/index.js";
import { ProgressDisplay, table } from "./terminal.js";
import { writeWholeFile } from "./whole-file.js";

/** A further experiment is one more entry. */
const experiments: readonly Experiment[] = [digits, terrain, synthetic];

/** What one experiment is to do. */
interface Parameters {
  readonly experiment: Experiment;
  readonly seed: number;
  readonly epochs: number;
  readonly runtime: RuntimeName;
  readonly out: string;
  readonly model?: string;
  readonly data?: string;
}

/** The options as they are given. */
interface Given {
  readonly seed: number;
  readonly epochs?: number;
  readonly runtime: RuntimeName;
  readonly out?: string;
  readonly model?: string;
  readonly data?: string;
}

/**
 * The experiment that is named, or all in order.
 * @param argv  what follows `node start.js`
 */
function parse(argv: readonly string[]): Parameters[] {
  const wholeNumber = (least: number, most: number) => (text: string) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
  const names = experiments.map(({ name }) => name);
  const standard = experiments.filter(({ isOptional }) => isOptional !== true);
  const standardNames = standard.map(({ name }) => name).join(", then ");
  const list = experiments.map(({ name, summary }) => `  ${name}   ${summary}`).join("\n");
  const choices =
    `[${names.join("|")}] [--seed N] [--epochs N] [--runtime ${runtimeNames.join("|")}] [--out FILE] ` +
    "[--model NAME] [--data DIR]";
  const modelHelp = experiments.flatMap(({ name, models = {} }) =>
    Object.entries(models).map(
      ([model, { summary, defaultEpochs }]) => `${name}: ${model}, ${summary}, ${defaultEpochs} epochs`,
    ),
  );
  const dataHelp = experiments.flatMap(({ dataHelp }) => dataHelp ?? []).join("; ");
  const command = new Command("npm start --")
    .description("Trains a network through an exact discrete solver and writes a page of what came out.")
    .addArgument(new Argument("[experiment]", `which one (default: ${standardNames})`).choices(names))
    .option("--seed <number>", "of weights, noise and the order of the data", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--epochs <number>", "passes over the data (default: the experiment's own)", wholeNumber(1, 1000))
    .addOption(new Option("--runtime <name>", "where to run").choices(runtimeNames).default("node"))
    .option("--out <file>", "the page (default: results/EXPERIMENT.html)")
    .option("--model <name>", `the network (${modelHelp.join("; ")})`)
    .option("--data <folder>", `your own data (${dataHelp})`)
    .addHelpText("after", `\nExperiments:\n${list}`)
    .showHelpAfterError(`Usage: npm start -- ${choices}`)
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse(argv, { from: "user" });
  const { seed, epochs, runtime, out, model, data } = command.opts<Given>();
  const named = experiments.filter(({ name }) => name === command.processedArgs[0]);
  const [only] = named;
  if (only === undefined && (out ?? model ?? data) !== undefined) {
    command.error("error: --out, --model and --data need the name of an experiment");
  }
  const models = Object.keys(only?.models ?? {});
  if (model !== undefined && !models.includes(model)) {
    const known = models.length === 0 ? "takes no --model" : `has the models ${models.join(" and ")}, got "${model}"`;
    command.error(`error: ${only?.name} ${known}`);
  }
  if (data !== undefined && only?.dataHelp === undefined) command.error(`error: ${only?.name} takes no --data`);
  return (only === undefined ? standard : named).map((experiment) => ({
    experiment,
    seed,
    epochs: epochs ?? (model === undefined ? experiment : experiment.models![model]!).defaultEpochs,
    runtime,
    out: resolve(out ?? join(projectRoot, "results", `${experiment.name}.html`)),
    ...(model !== undefined && { model }),
    ...(data !== undefined && { data: resolve(data) }),
  }));
}

function writePage(file: string, text: string): void {
  try {
    writeWholeFile(file, text);
  } catch (error) {
    throw new ImleError(
      "data",
      `--out: the page must be writable, got ${(error as NodeJS.ErrnoException).code ?? String(error)} for ${file}`,
      "Give another file with --out.",
    );
  }
}

async function start({ experiment, seed, epochs, runtime, out, model, data }: Parameters): Promise<number> {
  const signal = interruptSignal();
  const started = new Date();
  const options: Options = { seed, epochs, ...(model !== undefined && { model }), ...(data !== undefined && { data }) };
  const run: Run = await experiment.prepare(options);
  const given = [
    runtime === "node" ? "" : ` --runtime ${runtime}`,
    model === undefined ? "" : ` --model ${model}`,
    data === undefined ? "" : ` --data ${data}`,
  ];
  const flags = `${given.join("")} --seed ${seed} --epochs ${epochs}`;
  let adapter = "";
  const save = (state: Circumstances["state"]): void => {
    const seconds = (Date.now() - started.getTime()) / 1000;
    const command = `npm start -- ${experiment.name}${flags}`;
    writePage(out, run.page({ adapter, seed, epochs, seconds, state, command, started }));
  };
  save("running");

  const display = new ProgressDisplay();
  const onEvent = (event: ProgramEvent): void => {
    if (event.type === "progress") {
      const { stage, epoch, epochs, step, steps, unit = "epoch" } = event as unknown as ProgressEvent;
      display.report((epoch - 1 + step / steps) / epochs, `${unit} ${epoch}/${epochs}, ${stage}`);
      return;
    }
    const line = run.receive(event);
    if (line === null) return;
    display.line(line);
    save("running");
  };
  const result = await runProgram({
    runtime,
    program: experiment.program,
    args: run.args,
    data: run.data,
    signal,
    onAdapter: (description) => {
      adapter = adapterLine(description);
      console.log(`${adapter}\n${experiment.announcement(options, description)}\n`);
    },
    onText: (line) => display.line(line),
    onEvent,
  });
  display.end();

  const states = { finished: "finished", stopped: "interrupted", failed: "failed" } as const;
  save(states[result.outcome]);
  const rows = run.summary();
  if (rows.length > 0) console.log(`\n${table(rows)}`);
  if (result.outcome === "failed") console.error(`\nwebgpu-imle: ${result.failure}`);
  if (result.outcome === "stopped") console.log("\nStopped early.");
  console.log(`\nThe page: ${relative(process.cwd(), out).startsWith("..") ? out : relative(process.cwd(), out)}`);
  return { finished: 0, failed: 1, stopped: interruptedExitCode }[result.outcome];
}

try {
  const all = parse(process.argv.slice(2));
  for (const [i, parameters] of all.entries()) {
    if (i > 0) console.log();
    const code = await start(parameters);
    if (code !== 0) process.exit(code);
  }
  process.exit(0);
} catch (error) {
  if (!(error instanceof ImleError)) throw error;
  console.error(`webgpu-imle: ${error.message}\n  ${error.fix}`);
  process.exit(1);
}
