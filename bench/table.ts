/** Rows as text: the head of a benchmark's table, then a line a row. */

import type { Quantity } from "./benchmark.js";
import { busyFrom } from "./calibration.js";
import type { PeerResult } from "./peers/peer.js";
import type { CountedRow, Rate, Row, TimedRow } from "./results.js";

const quantityUnits: Readonly<Record<Quantity, readonly [unit: string, divisor: number]>> = {
  operations: ["GFLOP/s", 1e9],
  bytes: ["GB/s", 1e9],
  draws: ["M draws/s", 1e6],
  logarithms: ["G log/s", 1e9],
  barriers: ["M barriers/s", 1e6],
  dispatches: ["k dispatches/s", 1e3],
};

/** Three significant digits. */
export function number(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

/** `1.23 ms` */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${number(milliseconds / 1000)} s`;
  if (milliseconds >= 1) return `${number(milliseconds)} ms`;
  if (milliseconds >= 1e-3) return `${number(milliseconds * 1e3)} µs`;
  return `${number(milliseconds * 1e6)} ns`;
}

/** `3.1 %` */
export const percent = (share: number): string =>
  `${share < 0.0995 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;

/** `3.1 %`; a question mark where samples are too few to tell. */
export const spreadText = (spread: number | null): string => (spread === null ? "?" : percent(spread));

/** What a reader must know before believing a row. */
export function marks(row: TimedRow): string {
  const { measurement, busy, boundByCalls } = row;
  return [
    ...(measurement.settled ? [] : ["did not settle"]),
    ...(busy >= busyFrom ? [`busy ×${busy.toFixed(1)}`] : []),
    ...(boundByCalls ? ["bound by calls"] : []),
  ].join(", ");
}

/** `12.3 MB` */
export function bytes(value: number): string {
  return value >= 1e6 ? `${number(value / 1e6)} MB` : value >= 1e4 ? `${number(value / 1e3)} kB` : `${value} B`;
}

export function count({ value, unit }: CountedRow["counts"][number]): string {
  if (unit === "B") return bytes(value);
  if (unit !== "") return `${number(value)} ${unit}`;
  return Number.isInteger(value) ? String(value) : number(value);
}

/** The tables of one benchmark's rows, each with its head first: one for what was timed, one for what was counted. */
export function tablesOf(rows: readonly Row[]): string[][][] {
  const timed = rows.filter((row) => row.kind === "timed");
  const counted = rows.filter((row) => row.kind === "counted");
  const tables: string[][][] = [];
  if (timed.length > 0) tables.push(timedTable(timed));
  const names = [...new Set(counted.flatMap(({ counts }) => counts.map(({ name }) => name)))];
  if (counted.length > 0) {
    const cell = (row: CountedRow, name: string): string => {
      const found = row.counts.find((one) => one.name === name);
      return found ? count(found) : "";
    };
    tables.push([["case", ...names], ...counted.map((row) => [row.name, ...names.map((name) => cell(row, name))])]);
  }
  return tables;
}

/** `GB/s` */
export const quantityUnit = (quantity: Quantity): string => quantityUnits[quantity][0];

/** Peers beside the rows that do the same work, with the head first. */
export function peersTable(results: readonly PeerResult[], rows: readonly Row[]): string[][] {
  const head = ["benchmark/case", "time", "peer", "its time", "±", "peer / ours"];
  const lines = results.map(({ peer, benchmark, name, time, ratio, message }) => {
    const own = rows.find((row) => row.benchmark === benchmark && row.name === name);
    const ours = own?.kind === "timed" ? duration(own.measurement.time.value) : "";
    const cells = time === null ? ["", ""] : [duration(time.value), spreadText(time.spread)];
    return [`${benchmark}/${name}`, ours, peer, ...cells, ratio === null ? `none: ${message}` : `×${number(ratio)}`];
  });
  return [head, ...lines];
}

const rateIn = ({ quantity, perSecond }: Rate): string => number(perSecond / quantityUnits[quantity][1]);

/** The columns after the times: one a quantity, with its share where there is a ceiling. */
interface RateColumn {
  readonly head: string;
  cell(row: TimedRow): string;
}

function rateColumns(rows: readonly TimedRow[]): RateColumn[] {
  const quantities = [...new Set(rows.flatMap(({ rates }) => rates.map(({ quantity }) => quantity)))];
  if (quantities.length > 2 && rows.every(({ rates }) => rates.length === 1)) {
    return [{ head: "rate", cell: ({ rates: [rate] }) => `${rateIn(rate!)} ${quantityUnit(rate!.quantity)}` }];
  }
  return quantities.flatMap((quantity): RateColumn[] => {
    const find = ({ rates }: TimedRow): Rate | undefined => rates.find((rate) => rate.quantity === quantity);
    const share = (row: TimedRow): number | null => (row.ceiling === quantity ? null : find(row)?.share) ?? null;
    const rate: RateColumn = { head: quantityUnit(quantity), cell: (row) => (find(row) ? rateIn(find(row)!) : "") };
    const ofCeiling: RateColumn = {
      head: "of ceiling",
      cell: (row) => (share(row) === null ? "" : percent(share(row)!)),
    };
    return rows.some((row) => share(row) !== null) ? [rate, ofCeiling] : [rate];
  });
}

function timedTable(rows: readonly TimedRow[]): string[][] {
  const hasWall = rows.some(({ measurement }) => measurement.wall !== null);
  const rates = rateColumns(rows);
  const head = ["case", "time", "±", ...(hasWall ? ["wall"] : []), ...rates.map((column) => column.head), ""];
  const lines = rows.map((row) => {
    const { time, wall } = row.measurement;
    const wallCell = hasWall ? [wall === null ? "" : duration(wall)] : [];
    const rateCells = rates.map((column) => column.cell(row));
    return [row.name, duration(time.value), spreadText(time.spread), ...wallCell, ...rateCells, marks(row)];
  });
  return [head, ...lines];
}
