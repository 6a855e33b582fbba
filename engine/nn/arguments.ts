import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";

/** Throws unless a layer's first argument is an engine. */
export function requireEngine(operation: string, engine: unknown): void {
  must(
    typeof (engine as Engine | undefined)?.dispatch === "function",
    "value",
    () => `${operation}: the first argument must be an Engine, got ${formatValue(engine)}`,
    `Pass the engine first: ${operation}(engine, …).`,
  );
}

/** Throws unless `value` is a whole number from 1. */
export function requireCount(operation: string, name: string, value: unknown): void {
  must(
    typeof value === "number" && Number.isInteger(value) && value >= 1,
    "value",
    () => `${operation}: ${name} must be a whole number from 1, got ${formatValue(value)}`,
    "Pass a size such as 64.",
  );
}
