/** `bench/results/`: what was measured where, kept with the project. The bench writes these files, never a person. */

import { deviceName, type ResultsFile } from "./results.js";

/** Digits that are kept: the spread of a good row is larger than what is lost. */
const significantDigits = 4;

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\(.*?\)|\bcpu\b|@.*$|\bdriver\b|\d+(\.\d+)+/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40);

/** `deno-llvmpipe-intel-xeon-2-cores.json`: the same place, the same file, whatever the versions. */
export function savedName(results: ResultsFile): string {
  const { runtime = "unknown" } = (results.adapter ?? {}) as { runtime?: string };
  const { processor, cores } = results.machine;
  return `${[runtime, slug(deviceName(results)), slug(processor), String(cores), "cores"].join("-")}.json`;
}

function short(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? value : Number(value.toPrecision(significantDigits));
  if (Array.isArray(value)) return value.map(short);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, short(part)]));
}

/** The text of a file that is kept: numbers are short, and the adapter's limits are left out. */
export function savedText(results: ResultsFile): string {
  const { limits: _limits, ...adapter } = (results.adapter ?? {}) as Record<string, unknown>;
  return resultsText(short({ ...results, adapter }) as ResultsFile);
}

/** The text of a file: a row a line, so that a difference of two versions can be read. */
export function resultsText(results: ResultsFile): string {
  const defined = Object.entries(results).filter(([, value]) => value !== undefined);
  const parts = defined.map(([name, value]: [string, unknown]) => {
    const isList = Array.isArray(value) && value.length > 0;
    const text = isList
      ? `[\n${value.map((one) => `    ${JSON.stringify(one)}`).join(",\n")}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}
