/** What a benchmark declares. A new one is a file in bench/benchmarks and a line in bench/index.ts. */

import type { Engine } from "webgpu-imle";
import type { Figure } from "./measure.js";
import type { PeerTask } from "./peers/tasks.js";

/**
 * What a unit of work does, counted from the mathematics: the least that must be done, and not what a kernel happens
 * to do, so that rates of different kernels compare.
 */
export type Quantity = "operations" | "bytes" | "draws" | "logarithms" | "barriers" | "dispatches";

export type Work = Partial<Readonly<Record<Quantity, number>>>;

/** A case that is ready to be timed. Tensors made in `prepare` are freed after the case. */
export interface Prepared {
  readonly work?: Work;
  /** Records one unit of work by the public interface, many times in a row; what it makes is freed after each. */
  unit(): void;
  /** Compares what a unit computes with something independent, before it is timed. @throws Error if wrong */
  verify?(): Promise<void>;
}

/** Something whose time is measured. */
export interface TimedCase {
  readonly name: string;
  /** The sizes that scaling laws are read off: n, k, batch, samples, … */
  readonly parameters?: Readonly<Record<string, number>>;
  /** One of many sizes that only a scaling law needs: `--quick` leaves it out, unless it is asked for by name. */
  readonly sweep?: boolean;
  /** Stands in the README's tables. */
  readonly headline?: boolean;
  /** `recording` times what JavaScript spends on a unit, and not the device. By default `wall`. */
  readonly figure?: Figure;
  /** The same work for peers, such as PyTorch, which are then timed in the same run. */
  readonly peers?: PeerTask;
  /** Its rate is the adapter's ceiling for this quantity: later rows print their share of it; of several the best. */
  readonly ceiling?: Quantity;
  prepare(engine: Engine): Prepared | Promise<Prepared>;
}

/** Something that is counted and not timed, such as bytes. */
export interface CountedCase {
  readonly name: string;
  readonly sweep?: boolean;
  readonly parameters?: Readonly<Record<string, number>>;
  count(settings: CountSettings): Promise<readonly Count[]>;
}

export interface CountSettings {
  /** The suite's; a case that counts what an engine holds makes one of its own. */
  readonly engine: Engine;
  /** Fewer repeats, where counts do not depend on them. */
  readonly quick: boolean;
  /** To be called now and then by what takes long, with the share that is done: who is silent counts as hung. */
  readonly progress: (share: number) => void;
}

export interface Count {
  readonly name: string;
  readonly value: number;
  /** Empty for plain numbers. */
  readonly unit: string;
  /** Whether the page draws it against the parameters of its rows, on logarithmic axes. */
  readonly isDrawn?: boolean;
  /** Where the value scatters: half the distance between the quartiles, as a share of the median. */
  readonly spread?: number;
}

export type Case = TimedCase | CountedCase;

export interface Benchmark {
  /** What `npm run bench -- NAME` takes. */
  readonly name: string;
  /** One line for `--list`. */
  readonly summary: string;
  readonly cases: readonly Case[];
}

export const isTimed = (candidate: Case): candidate is TimedCase => "prepare" in candidate;

/** For `verify`: throws where two numbers differ by more than a share of the larger, or of 1. */
export function expectClose(what: string, got: number, wanted: number, tolerance = 1e-4): void {
  if (Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted))) return;
  throw new Error(`${what}: must be ${wanted}, got ${got}`);
}
