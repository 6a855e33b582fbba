import { formatValue, must } from "../../engine/error.js";

/** @throws ImleError `value` unless it is a whole number from 1 */
export function requireSamples(operation: string, samples: unknown): void {
  must(
    Number.isInteger(samples) && Number(samples) >= 1,
    "value",
    () => `${operation}: samples must be a whole number from 1, got ${formatValue(samples)}`,
    "Leave it out for 1.",
  );
}
