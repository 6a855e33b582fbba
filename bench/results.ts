/** What a run of the benchmarks leaves: the form of the JSON file, and of the events a runner sends while it works. */

import type { Count, Quantity, Work } from "./benchmark.js";
import type { ComparedRow } from "./compare.js";
import type { Figure, Measurement } from "./measure.js";
import type { AbsentPeer, PeerResult } from "./peers/peer.js";

/** Changes when a reader of older files would misread newer ones. */
export const resultsFormat = 2;

/** Work done in a second, and what share of the adapter's ceiling that is. */
export interface Rate {
  readonly quantity: Quantity;
  readonly perSecond: number;
  /** Of the ceiling that this run measured, as {@link placeRow} has it; null where it measured none. */
  readonly share: number | null;
}

interface RowPlace {
  readonly benchmark: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
}

export interface TimedRow extends RowPlace {
  readonly kind: "timed";
  readonly figure: Figure;
  readonly measurement: Measurement;
  readonly work: Work;
  readonly rates: readonly Rate[];
  /** Set where the row's rate is a ceiling for the others. */
  readonly ceiling: Quantity | null;
  /** How many times as long the calibration kernel took beside its least samples as in the run's quiet moments. */
  readonly busy: number;
  /** Whether the calls that record and submit took most of the wall time: the device may have waited for them. */
  readonly boundByCalls: boolean;
  /** Whether the result was compared with something independent first. */
  readonly verified: boolean;
}

export interface CountedRow extends RowPlace {
  readonly kind: "counted";
  readonly counts: readonly Count[];
}

/** A case that could not be measured, and why. */
export interface FailedRow extends RowPlace {
  readonly kind: "failed";
  readonly message: string;
}

export type Row = TimedRow | CountedRow | FailedRow;

/** What the run itself found out about the device. */
export interface Circumstances {
  /** Milliseconds that a wait for the device takes by itself; kept out of every figure. */
  readonly fixedMilliseconds: number;
  /** The smallest step of the clock, in milliseconds. */
  readonly clockStepMilliseconds: number;
  /** Whether the device has timestamps. */
  readonly timestamps: boolean;
}

/**
 * What a runner sends, in this order: `circumstances`, then for each case `row-started` and `row`, or `left-out`. A
 * case that is measured in several rounds has a row in each, and the later takes the place of the earlier.
 */
export type BenchEvent =
  | { readonly type: "circumstances"; readonly circumstances: Circumstances }
  | {
      readonly type: "row-started";
      readonly benchmark: string;
      readonly name: string;
      /** From 1. */
      readonly round: number;
      /** The share of the run that is done. */
      readonly done: number;
    }
  /** In the course of a case that takes long: the share of the run that is done. */
  | { readonly type: "row-progress"; readonly done: number }
  | {
      readonly type: "row";
      readonly row: Row;
      /** Whether no further round is to come for it, if there is time. */
      readonly isLast: boolean;
    }
  /** There was no time for it. */
  | { readonly type: "left-out"; readonly name: string };

/** What runs and where, as the command finds it out. */
export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface ResultsFile {
  readonly format: typeof resultsFormat;
  readonly state: "finished" | "interrupted" | "failed";
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  /** The command that gives the file again. */
  readonly command: string;
  readonly quick: boolean;
  readonly commit: string | null;
  /** Whether the checkout had changes beyond the commit; null where there is no commit. */
  readonly changed: boolean | null;
  readonly machine: Machine;
  /** What WebGPU says of the adapter, and the runtime's name and version; null where the run did not come so far. */
  readonly adapter: object | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly circumstances: Circumstances | null;
  readonly rows: readonly Row[];
  /** What others took for the same work; absent where none was asked. */
  readonly peers?: readonly PeerResult[];
  readonly absentPeers?: readonly AbsentPeer[];
  /** Of the peers that tell. */
  readonly peerVersions?: Readonly<Record<string, string>>;
  /** What there was no time for; absent where nothing was left out. */
  readonly leftOut?: readonly string[];
  /** Two builds in alternation; absent where only one was measured. */
  readonly against?: Against;
}

/** Another checkout beside this one, of which the file tells. */
export interface Against {
  readonly commit: string | null;
  readonly changed: boolean | null;
  readonly rows: readonly ComparedRow[];
}

/** Puts a row in the place of an earlier one of the same case, or at the end, and gives all their shares of ceilings. */
export function placeRow(rows: Row[], row: Row): void {
  const place = rows.findIndex(({ benchmark, name }) => benchmark === row.benchmark && name === row.name);
  if (place < 0) rows.push(row);
  else rows[place] = row;
  const ceilings = ceilingsOf(rows);
  for (const [i, one] of rows.entries()) if (one.kind === "timed") rows[i] = withShares(one, ceilings);
}

/** The best rate of each quantity that a row was to reach. */
function ceilingsOf(rows: readonly Row[]): ReadonlyMap<Quantity, number> {
  const ceilings = new Map<Quantity, number>();
  for (const row of rows) {
    for (const { quantity, perSecond } of row.kind === "timed" ? row.rates : []) {
      const isCeiling = row.kind === "timed" && row.ceiling === quantity;
      if (isCeiling) ceilings.set(quantity, Math.max(perSecond, ceilings.get(quantity) ?? 0));
    }
  }
  return ceilings;
}

/** A ceiling has no share of its own quantity. */
function withShares(row: TimedRow, ceilings: ReadonlyMap<Quantity, number>): TimedRow {
  const rates = row.rates.map((rate) => {
    const ceiling = rate.quantity === row.ceiling ? undefined : ceilings.get(rate.quantity);
    return { ...rate, share: ceiling === undefined ? null : rate.perSecond / ceiling };
  });
  return { ...row, rates };
}

type Adapter = Pick<ResultsFile, "adapter">;

/** What WebGPU says of the adapter, in a few words. */
export function deviceName({ adapter }: Adapter): string {
  const { description, device, architecture, vendor } = (adapter ?? {}) as Record<string, string | undefined>;
  return description || device || [vendor, architecture].filter(Boolean).join(" ") || "an unnamed adapter";
}

/** `Node 20.20 (Dawn) on SwiftShader` */
export function adapterName({ adapter }: Adapter): string {
  const { runtimeVersion } = (adapter ?? {}) as { runtimeVersion?: string };
  return adapter === null ? "no adapter" : [runtimeVersion, deviceName({ adapter })].filter(Boolean).join(" on ");
}
