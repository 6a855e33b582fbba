/** Child processes that never outlive this one. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const running = new Set<ChildProcess>();

function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    // A child leads a group of its own where there are groups, so its own children go with it.
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

process.on("exit", () => running.forEach(kill));

/** The exit code of a program that Ctrl-C ended. */
export const interruptedExitCode = 130;

let interruption: AbortController | null = null;

/**
 * Aborted at the first Ctrl-C (or SIGTERM, SIGHUP), so that a program can end in order; the second ends it at once.
 * Children do not see Ctrl-C: they are in groups of their own.
 */
export function interruptSignal(): AbortSignal {
  if (interruption !== null) return interruption.signal;
  const controller = new AbortController();
  interruption = controller;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(interruptedExitCode);
      controller.abort(new Error(`interrupted by ${name}`));
    });
  }
  return controller.signal;
}

export interface ChildOptions {
  readonly command: string;
  readonly commandArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly onErrorLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs a child to its end, or until the signal is aborted. Standard input is a pipe without a writer, by which the
 * child can tell that this process is gone.
 * @returns how it ended, in words, or null if its exit code was 0
 */
export async function runChild(options: ChildOptions): Promise<string | null> {
  const { command, commandArguments, environment, onLine, onErrorLine, signal } = options;
  if (signal.aborted) return "it was stopped";
  const child = spawn(command, commandArguments, {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  running.add(child);
  const stop = (): void => kill(child);
  signal.addEventListener("abort", stop);
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", onLine);
  createInterface({ input: child.stderr, crlfDelay: Infinity }).on("line", onErrorLine);
  try {
    return await new Promise<string | null>((resolve) => {
      child.on("error", (error) => resolve(`it could not be started: ${error.message}`));
      child.on("close", (code, signalName) => {
        if (signalName !== null) resolve(`it was ended by ${signalName}`);
        else resolve(code === 0 ? null : `its exit code was ${code}`);
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    kill(child);
    running.delete(child);
  }
}
