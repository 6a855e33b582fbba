/** Reads result files: what is not one is told apart in one line. */

import { type ResultsFile, resultsFormat } from "./results.js";

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

const isNumberOrNull = (value: unknown): boolean => value === null || isNumber(value);

const isPair = (value: unknown): boolean =>
  value === null || (Array.isArray(value) && value.length === 2 && value.every(isNumberOrNull));

const isEstimate = (value: unknown): boolean =>
  isObject(value) && isNumber(value.value) && value.value > 0 && isNumberOrNull(value.spread);

const isCount = (value: unknown): boolean =>
  isObject(value) && typeof value.name === "string" && isNumber(value.value) && typeof value.unit === "string";

const isNumbers = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(isNumber);

const isSamples = (value: unknown): boolean =>
  isObject(value) &&
  isNumbers(value.times) &&
  (value.calibrations === null || (isNumbers(value.calibrations) && value.calibrations.length === value.times.length));

const isCompared = (value: unknown): boolean =>
  isObject(value) &&
  typeof value.name === "string" &&
  typeof value.verdict === "string" &&
  [value.before, value.after, value.ratio, value.busy].every(isNumber) &&
  isPair(value.spreads) &&
  isPair(value.interval);

const isRate = (value: unknown): boolean =>
  isObject(value) &&
  typeof value.quantity === "string" &&
  isNumber(value.perSecond) &&
  isNumberOrNull(value.share);

function isRow(value: unknown): boolean {
  if (!isObject(value) || typeof value.benchmark !== "string" || typeof value.name !== "string") return false;
  if (!isObject(value.parameters) || !Object.values(value.parameters).every(isNumber)) return false;
  const { measurement } = value;
  if (value.kind === "failed") return typeof value.message === "string";
  if (value.kind === "counted") return Array.isArray(value.counts) && value.counts.every(isCount);
  return (
    value.kind === "timed" &&
    isNumber(value.busy) &&
    isObject(measurement) &&
    isEstimate(measurement.time) &&
    isNumberOrNull(measurement.wall) &&
    isSamples(measurement.samples) &&
    Array.isArray(value.rates) &&
    value.rates.every(isRate)
  );
}

/**
 * @param text  what is in the file
 * @param file  its name, for the message
 * @throws Error in one line where it is not a result file of a form that is known
 */
export function parseResults(text: string, file: string): ResultsFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file}: must be a result file of the benchmarks, got text that is not JSON`);
  }
  if (!isObject(value) || !("format" in value) || !Array.isArray(value.rows)) {
    throw new Error(`${file}: must be a result file of the benchmarks, got other JSON`);
  }
  if (value.format !== resultsFormat) {
    throw new Error(`${file}: must have format ${resultsFormat}, got ${JSON.stringify(value.format)}`);
  }
  const wrong = value.rows.findIndex((row) => !isRow(row));
  if (wrong >= 0) throw new Error(`${file}: row ${wrong} must be a row of the benchmarks, got something else`);
  const { against } = value;
  if (against !== undefined && !(isObject(against) && Array.isArray(against.rows) && against.rows.every(isCompared))) {
    throw new Error(`${file}: the other checkout's rows must be ratios of times, got something else`);
  }
  if (!isObject(value.machine) || typeof value.started !== "string") {
    throw new Error(`${file}: must say on which machine and when it was measured`);
  }
  return value as unknown as ResultsFile;
}
