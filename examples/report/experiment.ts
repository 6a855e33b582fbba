/** What `npm start` asks of an experiment. */

import type { AdapterDescription, ProgramEvent } from "../../tools/runtimes/host.js";

export interface Options {
  /** A u32: the same seed gives the same run again on the same adapter. */
  readonly seed: number;
  readonly epochs: number;
  /** One of the experiment's `models`, if it has any. */
  readonly model?: string;
  /** The folder of the user's own data, if the experiment takes some and the user gave it. */
  readonly data?: string;
}

/** How a run came about and how far it got, for the page. */
export interface Circumstances extends Options {
  /** `Node 20.20 (Dawn) on SwiftShader Device (software adapter)` */
  readonly adapter: string;
  readonly seconds: number;
  readonly state: "running" | "finished" | "interrupted" | "failed";
  /** The command that gives this page again. */
  readonly command: string;
  readonly started: Date;
}

export interface Experiment {
  /** The word after `npm start`. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** The source file of the program that runs on the runtime, relative to the root of the checkout. */
  readonly program: string;
  readonly defaultEpochs: number;
  /** Whether it is run only where it is named. */
  readonly isOptional?: boolean;
  /** What `--model` may name, each with its own number of epochs; the first is the default. */
  readonly models?: Readonly<Record<string, { readonly summary: string; readonly defaultEpochs: number }>>;
  /** One line for `--help` on the folder that `--data` names; absent where the experiment takes none. */
  readonly dataHelp?: string;
  /** What is going to happen and about how long it takes, in one sentence. */
  announcement(options: Options, adapter: AdapterDescription): string;
  /**
   * Makes everything that the program needs.
   * @throws ImleError `data` when files are missing or wrong
   */
  prepare(options: Options): Promise<Run> | Run;
}

/** One run of an experiment: takes in the events of the program and tells of them. */
export interface Run {
  /** What the program gets as `host.args`. */
  readonly args: object;
  /** What `host.data("name/path")` reads: folders by name. */
  readonly data: Readonly<Record<string, string>>;
  /** Takes in an event; what it returns is a line for the terminal. */
  receive(event: ProgramEvent): string | null;
  /** The summary table: its head, then its rows. Empty when nothing was measured yet. */
  summary(): readonly (readonly string[])[];
  /** The whole page, at any time. */
  page(circumstances: Circumstances): string;
}

/** Events of this form move the progress bar; everything else goes to {@link Run.receive}. */
export interface ProgressEvent {
  readonly type: "progress";
  /** What is being done: one word. */
  readonly stage: string;
  /** 1 … epochs */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done of this epoch. */
  readonly step: number;
  readonly steps: number;
  /** What an epoch is called, where it is none. */
  readonly unit?: string;
}
