/** How the command of the benchmarks reads and writes files, and ends where it cannot. */

import { readFileSync } from "node:fs";
import { parseResults } from "../bench/read-results.js";
import type { ResultsFile } from "../bench/results.js";
import { writeWholeFile } from "./whole-file.js";

export function fail(message: string, code: number): never {
  console.error(message);
  process.exit(code);
}

/** Writes the file that an option names, or ends. */
export function writeWhole(option: string, file: string, text: string): void {
  try {
    writeWholeFile(file, text);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    fail(`webgpu-imle: ${option}: the file must be writable, got ${reason} for ${file}`, 1);
  }
}

/** @throws Error in one line */
export function readResults(file: string): ResultsFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${file}: must be readable, got ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  return parseResults(text, file);
}

