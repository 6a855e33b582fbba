/** Starts programs on Node, Deno and Chrome, and says what became of them. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { programName } from "../program-name.mjs";
import { startChrome } from "./chrome.js";
import { startDeno } from "./deno.js";
import type { AdapterDescription, ProgramEvent, RemoteError, RuntimeName } from "./host.js";
import { adapterLine, decodeLine } from "./host.js";
import { startNode } from "./node.js";
import { programsFolder } from "./paths.js";
import type { AdapterChoice, Starter } from "./runtime.js";
import { serveSession } from "./server.js";
import { softwareAdapterFits } from "./software-adapter.js";

export type { AdapterDescription, Host, ProgramEvent, RuntimeName } from "./host.js";
export { adapterLine, runtimeNames } from "./host.js";
export { projectRoot } from "./paths.js";
export { interruptedExitCode, interruptSignal } from "./processes.js";
export type { AdapterChoice } from "./runtime.js";

export interface RunOptions {
  readonly runtime: RuntimeName;
  /** The program's source file, relative to the project's root, with slashes: `examples/digits/train.ts`. */
  readonly program: string;
  /** Takes the program's bundle for Node alone, which may import Node's own modules. */
  readonly nodeOnly?: boolean;
  /** Any JSON; the program finds it in `host.args`. */
  readonly args?: unknown;
  /** Folders whose files the program reads by `host.data("name/path")`: absolute paths by name. */
  readonly data?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: ProgramEvent) => void;
  /** A line that the program printed. By default it is printed. */
  readonly onText?: (line: string) => void;
  /** The adapter in use, before the program starts. By default its line is printed. */
  readonly onAdapter?: (adapter: AdapterDescription) => void;
  /** Stops the program when aborted: usually `interruptSignal()`. */
  readonly signal?: AbortSignal;
  /** Which adapter to take; by default what WEBGPU_IMLE_ADAPTER says, else the system's, else the software one. */
  readonly adapter?: AdapterChoice;
  /** The program counts as hung when it gives no sign of life for so long. 180,000 by default. */
  readonly silenceMilliseconds?: number;
}

export interface RunResult {
  readonly outcome: "finished" | "failed" | "stopped";
  /** The adapter that was used, or null where the program did not come so far. */
  readonly adapter: AdapterDescription | null;
  /** Why it failed: what a person needs, several lines. Empty otherwise. */
  readonly failure: string;
  /** The error that the program ended with, if it was one. */
  readonly error: RemoteError | null;
}

const starters: Readonly<Record<RuntimeName, Starter>> = { node: startNode, deno: startDeno, chrome: startChrome };

const noAdapter = `no WebGPU adapter was found.
  - With a GPU: install its driver (on Linux the Vulkan one), and check with \`npm run adapters\`.
  - Without: on Linux on x64, SwiftShader from npm is used; \`npm ci\` installs it. Elsewhere a GPU is needed.
  - WEBGPU_IMLE_ADAPTER=software|system forces one of the two.`;

// What the system has was asked once for each runtime; a second program of the same command need not ask again.
const knownChoices = new Map<RuntimeName, AdapterChoice>();

/** What to try, in order, or what is wrong with the choice. */
function adapterChoices(runtime: RuntimeName, forced: string): AdapterChoice[] | string {
  if (forced === "software" || forced === "system") return [forced];
  if (forced !== "") return `WEBGPU_IMLE_ADAPTER: must be "software" or "system", got "${forced}".`;
  const known = knownChoices.get(runtime);
  if (known !== undefined) return [known];
  return softwareAdapterFits ? ["system", "software"] : ["system"];
}

interface AttemptResult extends RunResult {
  readonly adapterMissing: boolean;
}

async function attempt(options: RunOptions, origin: string, choice: AdapterChoice): Promise<AttemptResult> {
  const { runtime, signal, silenceMilliseconds = 180_000 } = options;
  const stopping = new AbortController();
  const ended = new AbortController();
  const errorLines: string[] = [];
  let adapter: AdapterDescription | null = null;
  let error: RemoteError | null = null;
  let state: "running" | "finished" | "no-adapter" | "error" = "running";
  let hung = false;
  let silence: NodeJS.Timeout | undefined;
  const restartSilence = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      hung = true;
      stopping.abort();
    }, silenceMilliseconds);
  };

  const onErrorLine = (line: string): void => {
    errorLines.push(line);
    if (errorLines.length > 30) errorLines.shift();
  };
  const onText = options.onText ?? ((line: string) => console.log(line));
  const onLine = (line: string): void => {
    restartSilence();
    const { text, event } = decodeLine(line);
    if (text !== "" || event === null) onText(text);
    if (event === null) return;
    if (event.type === "adapter") {
      adapter = event.adapter as AdapterDescription;
      if (options.onAdapter === undefined) console.log(adapterLine(adapter));
      else options.onAdapter(adapter);
    } else if (event.type === "no-adapter" || event.type === "end" || event.type === "error") {
      state = event.type === "end" ? "finished" : event.type;
      if (event.type === "error") error = event.error as RemoteError;
      ended.abort();
    } else {
      options.onEvent?.(event);
    }
  };
  const stop = (): void => stopping.abort();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) stop();
  restartSilence();
  let processFailure: string | null;
  try {
    processFailure = await starters[runtime]({
      origin,
      adapter: choice,
      onLine,
      onErrorLine,
      onProgress: (message) => {
        restartSilence();
        console.log(message);
      },
      signal: stopping.signal,
      ended: ended.signal,
    });
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener("abort", stop);
  }

  const result = (outcome: RunResult["outcome"], failure = ""): AttemptResult => ({
    outcome,
    adapter,
    failure,
    error,
    adapterMissing: state === "no-adapter" || (adapter === null && state === "running"),
  });
  const diagnostics = errorLines.map((line) => `\n    ${line}`).join("");
  const remote = error as RemoteError | null;
  if (signal?.aborted === true) return result("stopped");
  if (remote !== null) return result("failed", remoteFailure(remote) + diagnostics);
  if ((state as string) === "no-adapter") return result("failed", `${runtime}: ${noAdapter}${diagnostics}`);
  if (hung) {
    return result("failed", `${runtime}: no sign of life for ${silenceMilliseconds / 1000} s, ended.${diagnostics}`);
  }
  if ((state as string) === "finished") {
    // Drivers (Dawn's and wgpu's alike) sometimes crash as their process ends: what the program did has arrived by then.
    if (processFailure !== null) onText(`${runtime}: done, but as the process ended ${processFailure}.`);
    return result("finished");
  }
  return result("failed", `${runtime}: ${processFailure ?? "the program ended before it was done"}.${diagnostics}`);
}

function remoteFailure({ name, message, stack, fix }: RemoteError): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return [`${name}: ${message}`, ...(fix === undefined ? [] : [`  ${fix}`]), ...frames].join("\n");
}

/**
 * Runs a program to its end. Never throws for what the program does: see the result's `outcome`.
 *
 * The adapter is the system's if the runtime has one; if not, the program is started once more with the software one.
 */
export async function runProgram(options: RunOptions): Promise<RunResult> {
  const { runtime, program, args = null, data = {} } = options;
  const name = `${options.nodeOnly === true ? "../node-tests/" : ""}${programName(program)}`;
  if (!existsSync(join(programsFolder, `${name}.js`))) {
    throw new Error(`runProgram: ${program} must be a program that the build knows, and has a default export main.`);
  }
  const choices = adapterChoices(runtime, options.adapter ?? process.env.WEBGPU_IMLE_ADAPTER ?? "");
  if (typeof choices === "string") return { outcome: "failed", adapter: null, failure: choices, error: null };
  const server = await serveSession({ program: name, args }, data);
  try {
    let result: AttemptResult | null = null;
    for (const choice of choices) {
      result = await attempt(options, server.origin, choice);
      if (result.adapter !== null) knownChoices.set(runtime, choice);
      if (result.outcome !== "failed" || !result.adapterMissing) break;
    }
    const { outcome, adapter, failure, error } = result as AttemptResult;
    return { outcome, adapter, failure, error };
  } finally {
    await server.close();
  }
}
