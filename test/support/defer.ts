/** Tells uvu, which reads this when it is imported, that somebody else runs the suites. */

declare global {
  var UVU_DEFER: number | undefined;
  var UVU_INDEX: number | undefined;
  var UVU_QUEUE: UvuGroup[];
}

/** A suite's run, as uvu queues it: what failed as text (or true), and how many tests passed, were skipped, exist. */
export type UvuRun = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;
export type UvuGroup = (string | null | UvuRun)[];

globalThis.UVU_DEFER = 1;
