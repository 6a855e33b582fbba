import type { SolverReport } from "./solver.js";

/**
 * How often the loops of an invocation may turn altogether: lavapipe ends them, silently, after 65,535 iterations. A
 * solver's `fits` keeps its lanes below it.
 */
export const loopIterations = 60_000;

/**
 * What is reported where the last loop of an instance did not come to its end: then the adapter ended the loops before,
 * too, as lavapipe does with those of large instances by workgroups.
 */
export const loopReport: SolverReport = {
  must: "the loops of an instance must end within what the adapter allows",
  fix: "Use smaller instances; software adapters end an invocation's loops after 65,535 turns.",
};

/** WGSL that declares whole numbers as constants. */
export function constantsText(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `const ${name}: u32 = ${value}u;`)
    .join("\n");
}

/**
 * A length for arrays in workgroup memory, which must be constant: shapes that differ little then share a kernel.
 *
 * @returns the power of two from `length` on, at least 16, at most `most`
 */
export function sharedLength(length: number, most: number): number {
  return Math.min(Math.max(16, 2 ** Math.ceil(Math.log2(length))), most);
}
