/** Times a peer on a runtime, by the same measuring core as everything else. `device-peer.ts` starts it. */

import type { Host } from "../../tools/runtimes/host.js";
import { type Estimate, estimateOf } from "../estimate.js";
import { type Batch, measure, measureFixedCost } from "../measure.js";
import { checkLastNumbers, type PeerTask } from "./tasks.js";

export interface DeviceArguments {
  /** Where Node and Deno find the peer; Chrome loads it from the server. */
  readonly module: string;
  readonly tasks: readonly PeerTask[];
  readonly budgetMilliseconds: number;
}

export interface DeviceEvent {
  readonly type: "timed";
  readonly task: PeerTask;
  /** Milliseconds a unit; null where it failed. */
  readonly time: Estimate | null;
  /** Why there is no time; empty otherwise. */
  readonly message: string;
}

/** A task that is ready to be timed. */
export interface DeviceWork<Result> {
  /** Records one unit. */
  unit(): Result;
  /** Until the device has made all of these, in their order. */
  wait(results: readonly Result[]): Promise<void>;
  /** Compares what a unit gives with something independent. @throws Error in one line */
  check(): Promise<void>;
  free(result: Result): void;
  /** Frees what goes in. */
  dispose(): void;
}

/** A work whose result is a list of numbers, which are compared with the task's. */
export const checked = (task: PeerTask, numbers: () => Promise<ArrayLike<number>>) => async (): Promise<void> =>
  checkLastNumbers(task, await numbers());

export async function importPeer<Module>(host: Host): Promise<Module> {
  const { module } = host.args as DeviceArguments;
  // Peers look for a browser in this name, which older versions of Node do not have.
  if (navigator.userAgent === undefined) Object.defineProperty(navigator, "userAgent", { value: host.runtime });
  const address = host.runtime === "chrome" ? new URL("/data/peer/index.js", import.meta.url).href : module;
  return (await import(address)) as Module;
}

const batchOfFixedCost = 6;
/** Milliseconds of a unit beside which a wait is nothing, Deno's poll (11 ms) included. */
const longUnit = 400;
const fewUnits = 3;

async function time<Result>(work: DeviceWork<Result>, budgetMilliseconds: number): Promise<Estimate> {
  await work.check();
  const run = async (units: number): Promise<Batch> => {
    const started = performance.now();
    // All results are kept until the last is there: some peers drop work whose result nobody keeps.
    const results = Array.from({ length: units }, () => work.unit());
    const recorded = performance.now();
    await work.wait(results);
    const wall = performance.now() - started;
    for (const result of results) work.free(result);
    return { wall, recording: recorded - started, device: null };
  };
  const times = [(await run(1)).wall];
  if (times[0]! > longUnit) {
    const end = performance.now() + budgetMilliseconds;
    while (times.length < fewUnits && performance.now() < end) times.push((await run(1)).wall);
    return estimateOf(times);
  }
  // A unit's own time is in it, so that it is an upper bound: Deno's poll is 11 ms.
  const fixedCost = Math.min(await measureFixedCost(() => run(1), 3), 12);
  const { time } = await measure({
    run,
    now: () => performance.now(),
    fixedCost,
    batchMilliseconds: Math.max(40, batchOfFixedCost * fixedCost),
    roundMilliseconds: budgetMilliseconds,
    precision: 0.05,
    maximumUnits: 64,
  });
  return time;
}

/** @param prepare  makes a task ready. @throws Error in one line where the peer cannot do it */
export async function timeTasks<Result>(
  host: Host,
  prepare: (task: PeerTask) => DeviceWork<Result> | Promise<DeviceWork<Result>>,
): Promise<void> {
  const { tasks, budgetMilliseconds } = host.args as DeviceArguments;
  for (const task of tasks) {
    const tell = (result: Estimate | null, message: string): void =>
      host.emit({ type: "timed", task, time: result, message } satisfies DeviceEvent);
    try {
      const work = await prepare(task);
      try {
        tell(await time(work, budgetMilliseconds), "");
      } finally {
        work.dispose();
      }
    } catch (error) {
      tell(null, error instanceof Error ? error.message : String(error));
    }
  }
}
