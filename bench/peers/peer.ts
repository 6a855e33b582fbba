/** Others that do the same work: what a peer declares. A new one is a file in bench/peers and a line in its index. */

import type { RuntimeName } from "../../tools/runtimes/host.js";
import type { AdapterChoice } from "../../tools/runtimes/runtime.js";
import { type Estimate, estimateOf } from "../estimate.js";
import type { PeerTask, TaskName } from "./tasks.js";

/** A peer that is there. */
export interface ReadyPeer {
  /** Which one it is: `2.15.0 (cpu)`. */
  readonly version?: string;
  /** Times one unit, until the budget is spent. @throws Error in one line */
  time(task: PeerTask, budgetMilliseconds: number): Promise<Estimate>;
  close?(): Promise<void> | void;
}

/** Where the rows ran. */
export interface PeerContext {
  readonly runtime: RuntimeName;
  /** Absent: the system's, else the software one. */
  readonly adapter?: AdapterChoice;
}

/** What a peer is going to be asked. */
export interface PeerOrder extends PeerContext {
  readonly tasks: readonly PeerTask[];
  /** For each of them. */
  readonly budgetMilliseconds: number;
}

export interface Peer {
  readonly name: string;
  /** What it can do, in the order in which it is timed: what takes long comes last. */
  readonly tasks: readonly TaskName[];
  /** @throws Error in one line that says why it is not there */
  prepare(order: PeerOrder): Promise<ReadyPeer>;
}

/** A peer beside a row. */
export interface PeerResult {
  readonly peer: string;
  readonly benchmark: string;
  readonly name: string;
  /** Milliseconds a unit; null where it failed. */
  readonly time: Estimate | null;
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

const leftOut = "left out, to end in time";

export interface PeerSettings extends PeerContext {
  /** For each row of each peer. */
  readonly budgetMilliseconds: number;
  /** For all of them, in equal shares of what is left: what does not fit is not timed. By default no limit. */
  readonly allowance?: number;
  readonly signal?: AbortSignal;
  /** Before each timing. */
  readonly onStart?: (peer: string, row: PeerRow) => void;
  /** After each. */
  readonly onResult?: (result: PeerResult) => void;
}

/** What became of all peers. */
export interface PeersRun {
  readonly results: readonly PeerResult[];
  readonly absent: readonly AbsentPeer[];
  /** By the peer's name, where it tells. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What a promise gives, unless the time (of `performance.now`) or a stop comes first. @throws Error in one line */
async function before<T>(end: number, signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  let giveUp = (): void => {};
  const over = new Promise<never>((_, reject) => (giveUp = () => reject(new Error(leftOut))));
  const timer = end === Infinity ? undefined : setTimeout(giveUp, end - performance.now());
  signal?.addEventListener("abort", giveUp);
  return await Promise.race([promise, over]).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  });
}

/** Times every peer on every row that it can do; one that is not there, or fails, says so and is passed by. */
export async function runPeers(
  peers: readonly Peer[],
  rows: readonly PeerRow[],
  { budgetMilliseconds, allowance = Infinity, signal, onStart, onResult, ...context }: PeerSettings,
): Promise<PeersRun> {
  const stopped = (): boolean => signal?.aborted === true;
  const end = performance.now() + allowance;
  let endOfPeer = end;
  const late = (): boolean => performance.now() > endOfPeer;
  const timed = async (
    ready: ReadyPeer,
    { task, milliseconds }: PeerRow,
  ): Promise<Pick<PeerResult, "time" | "ratio" | "message">> => {
    if (late()) return { time: null, ratio: null, message: leftOut };
    try {
      const time = await before(endOfPeer, signal, ready.time(task, budgetMilliseconds));
      return { time, ratio: time.value / milliseconds, message: "" };
    } catch (error) {
      return { time: null, ratio: null, message: oneLine(error) };
    }
  };
  const results: PeerResult[] = [];
  const absent: AbsentPeer[] = [];
  const versions: Record<string, string> = {};
  const rowsOf = ({ tasks }: Peer): PeerRow[] =>
    tasks.flatMap((wanted) => rows.filter(({ task }) => task.task === wanted));
  const asked = peers.filter((peer) => rowsOf(peer).length > 0);
  for (const [i, peer] of asked.entries()) {
    const own = rowsOf(peer);
    if (stopped()) break;
    endOfPeer = performance.now() + (end - performance.now()) / (asked.length - i);
    if (late()) {
      absent.push({ peer: peer.name, message: leftOut });
      continue;
    }
    let ready: ReadyPeer;
    try {
      ready = await peer.prepare({ ...context, budgetMilliseconds, tasks: own.map(({ task }) => task) });
    } catch (error) {
      absent.push({ peer: peer.name, message: oneLine(error) });
      continue;
    }
    if (ready.version !== undefined) versions[peer.name] = ready.version;
    for (const row of own) {
      if (stopped()) break;
      onStart?.(peer.name, row);
      const result = { peer: peer.name, benchmark: row.benchmark, name: row.name, ...(await timed(ready, row)) };
      if (stopped()) break;
      results.push(result);
      onResult?.(result);
    }
    await ready.close?.();
  }
  return { results, absent, versions };
}

/** Repeats work of the processor: at least five times after two for warming up. */
export function timeWork(work: () => void, budgetMilliseconds: number): Estimate {
  for (let i = 0; i < 2; i++) work();
  const times: number[] = [];
  const ending = performance.now() + budgetMilliseconds;
  while (times.length < 5 || (performance.now() < ending && times.length < 1000)) {
    const started = performance.now();
    work();
    times.push(performance.now() - started);
  }
  return estimateOf(times);
}

/** Checks what another process timed. @throws Error */
export function peerEstimate(times: unknown): Estimate {
  const valid = Array.isArray(times) && times.length > 0 && times.every((time) => typeof time === "number" && time > 0);
  if (!valid) throw new Error("a peer must give times above 0");
  return estimateOf(times as number[]);
}
