/** Peers in Python: a script that reads a task a line as JSON, and answers each with its times. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { projectRoot } from "../../tools/runtimes/paths.js";

const mostMilliseconds = 60_000;

/** A script of bench/peers that has said that it is ready. */
export interface PythonScript {
  /** What it said of itself. */
  readonly about: Readonly<Record<string, unknown>>;
  /** What it answers to a task. @throws Error when it ends or is silent */
  ask(task: object): Promise<unknown>;
  close(): void;
}

/** Starts a script with python3, or what PYTHON names. @throws Error with `absent` where it ends before it is ready */
export async function startPython(script: string, absent: string): Promise<PythonScript> {
  const python = process.env.PYTHON || "python3";
  const child = spawn(python, [join(projectRoot, "bench", "peers", script)], {
    stdio: ["pipe", "pipe", "ignore"],
    // Nothing is left beside the scripts: results say whether the checkout has changed.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const next = linesOf(python, child);
  const close = (): void => void child.kill("SIGKILL");
  let about: Record<string, unknown>;
  try {
    about = JSON.parse(await next()) as Record<string, unknown>;
  } catch {
    close();
    throw new Error(`${python} ${absent}; PYTHON names another python`);
  }
  const ask = async (task: object): Promise<unknown> => {
    child.stdin!.write(`${JSON.stringify(task)}\n`);
    return JSON.parse(await next());
  };
  return { about, ask, close };
}

/** The child's lines one by one; rejects when it ends or is silent. */
function linesOf(python: string, child: ChildProcess): () => Promise<string> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let failure: Error | null = null;
  child.on("error", (error) => (failure = error));
  child.stdin!.on("error", () => {});
  return async () => {
    const silence = setTimeout(() => child.kill("SIGKILL"), mostMilliseconds);
    const { value, done } = await lines.next();
    clearTimeout(silence);
    if (done === true) throw failure ?? new Error(`${python} ended`);
    return value as string;
  };
}
