/** The program that runs test files on a runtime, and reports file by file. `tools/test.ts` starts it. */

import type { Host } from "../../tools/runtimes/host.js";
import type { UvuRun } from "./defer.js";
import { afterHookErrors, reportTests } from "./uvu.js";

export interface RunnerArguments {
  /** Names of bundles beside this one. */
  readonly files: readonly string[];
  readonly timeoutMilliseconds: number;
}

export interface FileReport {
  readonly type: "file-finished";
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

const withoutColours = (text: string): string => text.replace(/\x1b\[\d+m/g, "");

/** Frames of the machinery around a test, by function and by source, say nothing about the test. */
const machinery =
  /^\s*at .*(inBoundedTime|Object\.handler|\.runner|runFile|Module\.main|runSession|\/uvu\/|tools\/runtimes\/)/;
const tidy = (text: string): string =>
  withoutColours(text)
    .split("\n")
    .filter((line) => !machinery.test(line))
    .join("\n");

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  return error.stack?.includes(error.message) === true ? error.stack : `${error.message}\n${error.stack ?? ""}`;
}

async function runFile(file: string, index: number): Promise<Omit<FileReport, "type" | "seconds">> {
  const failures: string[] = [];
  let passed = 0;
  let failed = 0;
  const fail = (text: string, count = 1): void => {
    failed += count;
    failures.push(tidy(text));
  };

  globalThis.UVU_INDEX = index;
  globalThis.UVU_QUEUE[index] = [];
  try {
    await import(new URL(`./${file}.js`, import.meta.url).href);
  } catch (error) {
    fail(`The file could not be imported.\n${errorText(error)}`);
  }
  let total = 0;
  for (const run of globalThis.UVU_QUEUE[index] as UvuRun[]) {
    const [errors, suitePassed, suiteSkipped, suiteTotal] = await run();
    total += suiteTotal + suiteSkipped;
    passed += suitePassed;
    if (errors !== true) fail(errors, suiteTotal - suitePassed);
    else if (suitePassed < suiteTotal) fail("Tests did not run: a hook failed.", suiteTotal - suitePassed);
    if (suiteSkipped > 0) fail(`${suiteSkipped} skipped: a test runs, or is not there.`, suiteSkipped);
    for (const { suite, error } of afterHookErrors.splice(0)) fail(`${suite}, an after hook: ${errorText(error)}`);
  }
  if (total === 0 && failed === 0) fail("The file has no test that runs: does each suite end with `.run()`?");
  return { file, passed, failed, failures };
}

export default async function main(host: Host): Promise<void> {
  const { files, timeoutMilliseconds } = host.args as RunnerArguments;
  reportTests({ report: host.emit, timeoutMilliseconds });
  for (const [index, file] of files.entries()) {
    host.emit({ type: "file-started", file });
    const started = performance.now();
    const result = await runFile(file, index);
    const report: FileReport = { type: "file-finished", ...result, seconds: (performance.now() - started) / 1000 };
    host.emit(report);
  }
}
