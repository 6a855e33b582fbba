import type { SolverReport } from "../solver.js";

/** What the text of the kernels depends on beside the shape. */
export interface Steps {
  readonly neighbours: 4 | 8;
  /** Whether a step across a corner costs √2 as much. */
  readonly euclidean: boolean;
  readonly countStart: boolean;
}

const reportCodes = { REPORT_NEGATIVE: 1, REPORT_OUTSIDE: 2, REPORT_BOUND: 3 } as const;

export const reports: Readonly<Record<number, SolverReport>> = {
  [reportCodes.REPORT_NEGATIVE]: {
    must: "costs must not be negative",
    fix: "Keep them positive (softplus, abs), or take negative: \"clamp\" or \"shift\".",
  },
  [reportCodes.REPORT_OUTSIDE]: {
    must: "start and goal must be (row, column) inside the grid",
    fix: "Rows count from 0 to H − 1, columns from 0 to W − 1.",
  },
  [reportCodes.REPORT_BOUND]: {
    must: "a path must be found within the bounds of the kernel's loops (its README tells them)",
    fix: "Take the other strategy, or smaller grids.",
  },
};

/** The constants that all texts share, and a kernel's own sizes. */
export function constantsText(
  height: number,
  width: number,
  { neighbours, euclidean, countStart }: Steps,
  sizes: Readonly<Record<string, number>>,
): string {
  const numbers = { HEIGHT: height, WIDTH: width, NEIGHBOURS: neighbours, ...sizes, ...reportCodes };
  return [
    ...Object.entries(numbers).map(([name, value]) => `const ${name}: u32 = ${value}u;`),
    `const EUCLIDEAN: bool = ${euclidean};`,
    `const COUNTS_START: bool = ${countStart};`,
  ].join("\n");
}
