/** What each runtime's starter gives and gets. */

export type AdapterChoice = "system" | "software";

export interface Attempt {
  /** The server that has the session, as `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly adapter: AdapterChoice;
  /** A line of output, with or without an event in it. */
  readonly onLine: (line: string) => void;
  /** A line of diagnostics. */
  readonly onErrorLine: (line: string) => void;
  /** Something that takes a while and is worth a line to the person who waits. */
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal;
  /** Aborted when the program has said that it ended, or that it cannot start. */
  readonly ended: AbortSignal;
}

/** Runs the session once. Returns what went wrong with the process itself, in words, or null. */
export type Starter = (attempt: Attempt) => Promise<string | null>;
