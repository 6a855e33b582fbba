/** Others that do the same work: what a peer declares. A new one is a file in bench/peers and a line in its index. */

import type { RuntimeName } from "../../tools/runtimes/host.js";
import type { AdapterChoice } from "../../tools/runtimes/runtime.js";
import type { Summary } from "../statistics.js";
import { median, summarise } from "../statistics.js";

/** What a unit of a row does, in words that others can follow. */
export type PeerTask =
  | { readonly task: "grid-paths"; readonly batch: number; readonly height: number; readonly width: number }
  | { readonly task: "top-k"; readonly batch: number; readonly n: number; readonly k: number }
  | { readonly task: "matmul"; readonly rows: number; readonly inner: number; readonly columns: number };

/** A peer that is there. */
export interface ReadyPeer {
  /** Times one unit, until the budget is spent. @throws Error in one line */
  time(task: PeerTask, budgetMilliseconds: number): Promise<Summary>;
  close?(): Promise<void> | void;
}

/** Where the rows ran. */
export interface PeerContext {
  readonly runtime: RuntimeName;
  /** Absent: the system's, else the software one. */
  readonly adapter?: AdapterChoice;
}

export interface Peer {
  readonly name: string;
  readonly tasks: readonly PeerTask["task"][];
  /** @throws Error in one line that says why it is not there */
  prepare(context: PeerContext): Promise<ReadyPeer>;
}

/** A peer beside a row. */
export interface PeerResult {
  readonly peer: string;
  readonly benchmark: string;
  readonly name: string;
  /** Milliseconds a unit; null where it failed. */
  readonly time: Summary | null;
  /** The peer's time over the row's: above 1 the row is quicker. */
  readonly ratio: number | null;
  /** Why there is no time; empty otherwise. */
  readonly message: string;
}

/** A row that peers do as well. */
export interface PeerRow {
  readonly benchmark: string;
  readonly name: string;
  readonly task: PeerTask;
  /** Milliseconds of the row itself. */
  readonly milliseconds: number;
}

/** A peer that is not there. */
export interface AbsentPeer {
  readonly peer: string;
  readonly message: string;
}

const oneLine = (error: unknown): string => String(error instanceof Error ? error.message : error).split("\n")[0]!;

export interface PeerSettings extends PeerContext {
  /** For each row of each peer. */
  readonly budgetMilliseconds: number;
  readonly signal?: AbortSignal;
}

/** Times every peer on every row that it can do; one that is not there, or fails, says so and is passed by. */
export async function runPeers(
  peers: readonly Peer[],
  rows: readonly PeerRow[],
  { budgetMilliseconds, signal, ...context }: PeerSettings,
): Promise<{ readonly results: readonly PeerResult[]; readonly absent: readonly AbsentPeer[] }> {
  const stopped = (): boolean => signal?.aborted === true;
  const results: PeerResult[] = [];
  const absent: AbsentPeer[] = [];
  for (const peer of peers) {
    const own = rows.filter(({ task }) => peer.tasks.includes(task.task));
    if (own.length === 0 || stopped()) continue;
    let ready: ReadyPeer;
    try {
      ready = await peer.prepare(context);
    } catch (error) {
      absent.push({ peer: peer.name, message: oneLine(error) });
      continue;
    }
    for (const { benchmark, name, task, milliseconds } of own) {
      if (stopped()) break;
      const place = { peer: peer.name, benchmark, name };
      try {
        const time = await ready.time(task, budgetMilliseconds);
        results.push({ ...place, time, ratio: time.median / milliseconds, message: "" });
      } catch (error) {
        results.push({ ...place, time: null, ratio: null, message: oneLine(error) });
      }
    }
    await ready.close?.();
  }
  return { results, absent };
}

/** Repeats work of the processor: at least five times after two for warming up. */
export function timeWork(work: () => void, budgetMilliseconds: number): Summary {
  for (let i = 0; i < 2; i++) work();
  const times: number[] = [];
  const ending = performance.now() + budgetMilliseconds;
  while (times.length < 5 || (performance.now() < ending && times.length < 1000)) {
    const started = performance.now();
    work();
    times.push(performance.now() - started);
  }
  return summarise(times);
}

/** Checks what another process timed. @throws Error */
export function summaryOf(times: unknown): Summary {
  const valid = Array.isArray(times) && times.length > 0 && times.every((time) => typeof time === "number" && time > 0);
  if (!valid || !(median(times as number[]) > 0)) throw new Error("a peer must give times above 0");
  return summarise(times as number[]);
}

/** The same costs from 1 to 2 for all peers: the linear congruential generator of Numerical Recipes, seed 1. */
export function peerCosts(count: number): Float32Array {
  const costs = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    costs[i] = 1 + (state >>> 8) / 2 ** 24;
  }
  return costs;
}
