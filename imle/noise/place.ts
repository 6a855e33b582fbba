import { formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import type { RandomPlace } from "../../engine/random.js";

const parts = ["seed", "stream", "call"] as const;

/** @throws ImleError `value` unless noise can be drawn there */
export function requirePlace(operation: string, place: RandomPlace): void {
  requireOptions(`${operation}: place`, place, parts);
  for (const name of parts) {
    const value = place[name];
    must(
      typeof value === "function" || (Number.isInteger(value) && value >= 0 && value < 2 ** 32),
      "value",
      () => `${operation}: place.${name} must be a whole number from 0, below 2³², got ${formatValue(value)}`,
      "Pass { seed, stream, call }, or leave it out for the next call of the engine's own stream.",
    );
  }
}
