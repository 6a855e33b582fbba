/** What the command of the benchmarks does without running any: names, comparisons, the README, and pages. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Comparison, compareResults } from "../bench/compare.js";
import { comparisonSummary, comparisonTable } from "../bench/compare-table.js";
import { benchmarks } from "../bench/index.js";
import { headlinesOf, readmeSection, withSection } from "../bench/readme.js";
import { benchPage } from "../bench/report/page.js";
import type { ResultsFile } from "../bench/results.js";
import { fullName } from "../bench/suite.js";
import { fail, readResults, writeWhole } from "./bench-files.js";
import { projectRoot } from "./runtimes/index.js";
import { table } from "./terminal.js";

export const resultsFolder = join(projectRoot, "bench", "results");

/** Cases that have one of the patterns in their name, or all. */
export function list(patterns: readonly string[]): string {
  const isWanted = (name: string): boolean =>
    patterns.length === 0 || patterns.some((pattern) => name.includes(pattern));
  return benchmarks
    .flatMap((benchmark) => {
      const names = benchmark.cases.map((one) => fullName(benchmark, one)).filter(isWanted);
      if (names.length === 0) return [];
      return [[`${benchmark.name}: ${benchmark.summary}`, ...names.map((name) => `    ${name}`)].join("\n")];
    })
    .join("\n\n");
}

/** Every saved run, in the order of the files' names. */
function savedRuns(): ResultsFile[] {
  const names = readdirSync(resultsFolder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => readResults(join(resultsFolder, name)));
}

export function renewReadme(): string {
  const file = join(projectRoot, "README.md");
  try {
    const runs = savedRuns();
    writeWhole("--readme", file, withSection(readFileSync(file, "utf8"), readmeSection(runs, headlinesOf(benchmarks))));
    return `README.md has the headline rows of ${runs.length} saved runs.`;
  } catch (error) {
    return fail(`error: --readme: ${(error as Error).message}`, 1);
  }
}

/** Two result files, row by row. */
export function compare(files: readonly string[]): string {
  if (files.length !== 2) fail(`error: --compare takes two result files, got ${files.length}`, 2);
  try {
    const [before, after] = files.map(readResults);
    return comparisonText(compareResults(before!, after!));
  } catch (error) {
    return fail(`error: --compare: ${(error as Error).message}`, 1);
  }
}

export function comparisonText(comparison: Comparison): string {
  const { rows, missing, differences } = comparison;
  return [
    ...differences.map((line) => `Differs: ${line}`),
    ...(rows.length > 0 ? [`\n${table(comparisonTable(comparison))}\n`] : []),
    ...missing.map((line) => `Not compared: ${line}`),
    comparisonSummary(comparison),
  ].join("\n");
}

/** The page of a result file, such as one that somebody downloaded from the page for one's own browser. */
export function pageFrom(file: string, page: string): string {
  try {
    writeWhole("--page", resolve(page), benchPage(readResults(file)));
    return `Page: ${page}`;
  } catch (error) {
    return fail(`error: --from: ${(error as Error).message}`, 1);
  }
}
