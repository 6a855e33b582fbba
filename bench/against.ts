/**
 * The program that measures two builds in alternation: this checkout's, and another's whose programs lie beside it.
 * `tools/bench-against.ts` puts them there.
 */

import { Engine } from "webgpu-imle";
import type { Host } from "../tools/runtimes/host.js";
import { batchesOf, Timestamps } from "./batches.js";
import { isTimed, type TimedCase } from "./benchmark.js";
import { fixedCostOf } from "./calibration.js";
import type { ComparedRow } from "./compare.js";
import { Duel } from "./duel.js";
import { benchmarks } from "./index.js";
import type { Figure, RunBatch } from "./measure.js";
import { falseMarks } from "./ratio.js";
import { choose, fullName } from "./suite.js";

/** `host.args` */
export interface AgainstArguments {
  readonly patterns: readonly string[];
  /** Milliseconds a row at most. */
  readonly budget: number;
  /** The other checkout's copy of this module, by a path relative to this one's bundle. */
  readonly other: string;
}

export type AgainstEvent =
  | { readonly type: "round-started"; readonly name: string; readonly done: number; readonly rounds: number }
  | { readonly type: "compared"; readonly row: ComparedRow }
  /** Rows that one build alone has, or that could not be measured. */
  | { readonly type: "not-compared"; readonly message: string };

/** A case that is ready to be timed, its result compared with something independent. */
export interface Opened {
  readonly figure: Figure;
  readonly run: RunBatch;
  close(): void;
}

/** One build with its own library and device. Another checkout's `contend` is called: older ones must stay usable. */
export interface Contender {
  readonly names: readonly string[];
  readonly hasTimestamps: boolean;
  /** Milliseconds that a batch takes with next to nothing in it. */
  readonly fixedCost: number;
  open(name: string, isFirst: boolean): Promise<Opened>;
  dispose(): void;
}

/** The cases whose name has one of the patterns in it; without any all, save sweeps. */
function timedCases(patterns: readonly string[]): Map<string, TimedCase> {
  const named = choose(benchmarks, patterns, true).map(({ benchmark, case: one }) => {
    return { name: fullName(benchmark, one), one };
  });
  // Ceilings always come along there, for shares that nobody asks for here.
  const wanted = named.filter(({ name }) => patterns.length === 0 || patterns.some((part) => name.includes(part)));
  return new Map(wanted.flatMap(({ name, one }) => (isTimed(one) ? [[name, one] as const] : [])));
}

export async function contend(patterns: readonly string[]): Promise<Contender> {
  const cases = timedCases(patterns);
  const engine = await Engine.create();
  const timestamps = Timestamps.of(engine.device);
  return {
    names: [...cases.keys()],
    hasTimestamps: timestamps !== null,
    fixedCost: await fixedCostOf(engine),
    async open(name, isFirst) {
      const one = cases.get(name)!;
      const scope = engine.openScope();
      try {
        const prepared = await one.prepare(engine);
        if (isFirst) await prepared.verify?.();
        const run = batchesOf(engine, () => prepared.unit(), timestamps);
        return { figure: one.figure ?? "wall", run, close: () => scope.close() };
      } catch (error) {
        scope.close();
        throw error;
      }
    },
    dispose() {
      timestamps?.dispose();
      engine.dispose();
    },
  };
}

const rounds = 4;

export default async function main(host: Host): Promise<void> {
  const { patterns, budget, other } = host.args as AgainstArguments;
  const emit = (event: AgainstEvent): void => host.emit(event);
  const theirs = (await import(new URL(other, import.meta.url).href)) as { readonly contend: typeof contend };
  const before = await theirs.contend(patterns);
  const after = await contend(patterns);
  const common = after.names.filter((name) => before.names.includes(name));
  for (const name of after.names) {
    if (!common.includes(name)) emit({ type: "not-compared", message: `${name}: only in this checkout` });
  }
  for (const name of before.names) {
    if (!common.includes(name)) emit({ type: "not-compared", message: `${name}: only in the other checkout` });
  }
  const fixedCost = after.fixedCost;
  const settings = {
    batchMilliseconds: before.hasTimestamps && after.hasTimestamps ? 50 : Math.max(50, 10 * fixedCost),
    budgetMilliseconds: budget,
    rounds,
    precision: 0.01,
    maximumUnits: 4096,
    fixedCost,
    uncertainty: falseMarks / Math.max(1, common.length),
    now: () => performance.now(),
  };
  const duels = new Map<string, Duel>();
  const failed = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (const [place, name] of common.entries()) {
      if (failed.has(name)) continue;
      emit({ type: "round-started", name, done: round * common.length + place, rounds: rounds * common.length });
      try {
        await between(before, after, name, round === 0, async (one, two) => {
          const duel = duels.get(name) ?? new Duel({ ...settings, figure: two.figure });
          duels.set(name, duel);
          await duel.round(one.run, two.run);
          const found = duel.result;
          const spreads = [found.before.spread, found.after.spread] as const;
          const { ratio, interval, verdict } = found;
          const times = { before: found.before.value, after: found.after.value, unit: "ms" };
          emit({ type: "compared", row: { name, ...times, ratio, interval, spreads, verdict, busy: 1 } });
        });
      } catch (error) {
        failed.add(name);
        emit({ type: "not-compared", message: `${name}: ${error instanceof Error ? error.message : String(error)}` });
      }
    }
  }
  before.dispose();
  after.dispose();
}

/** Opens a case on both sides, and closes what was opened. */
async function between(
  before: Contender,
  after: Contender,
  name: string,
  isFirst: boolean,
  work: (one: Opened, two: Opened) => Promise<void>,
): Promise<void> {
  const one = await before.open(name, isFirst);
  try {
    const two = await after.open(name, isFirst);
    try {
      await work(one, two);
    } finally {
      two.close();
    }
  } finally {
    one.close();
  }
}
