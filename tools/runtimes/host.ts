/**
 * What a program sees of the runtime that it runs on, and how it talks to the Node process that started it.
 *
 * A program is an ES module that runs unchanged on Node (Dawn), Deno (wgpu) and Chrome:
 *
 *     export default async function main(host: Host): Promise<void> { … }
 *
 * Events are lines of the program's standard output (in Chrome: of its console) that start with a marker and go on
 * in JSON. Everything else that is printed is passed on as text.
 */

export type RuntimeName = "node" | "deno" | "chrome";

export const runtimeNames: readonly RuntimeName[] = ["node", "deno", "chrome"];

export interface Host {
  readonly runtime: RuntimeName;
  /** What the starting process gave as `args`: any JSON. */
  readonly args: any;
  /** Sends an event, any JSON object with a `type`, to the starting process. Events arrive in order. */
  emit(event: object): void;
  /** The bytes of a file in one of the starting process's data folders, as `folder name/path`. */
  data(path: string): Promise<ArrayBuffer>;
}

export type Program = (host: Host) => Promise<void>;

/** An event as the starting process receives it. */
export interface ProgramEvent {
  readonly type: string;
  readonly [field: string]: any;
}

/** What a runtime says of its WebGPU adapter. */
export interface AdapterDescription {
  readonly runtime: RuntimeName;
  /** The runtime's name and version, as a person would write it: `Node 20.20 (Dawn)`. */
  readonly runtimeVersion: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether the processor does the work: SwiftShader, lavapipe, WARP. */
  readonly software: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** What a bootstrap fetches from the starting process. */
export interface Session {
  readonly program: string;
  readonly args: unknown;
}

/** An error as it crosses from a program to the process that started it. */
export interface RemoteError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string;
  readonly fix?: string;
}

const marker = "\u0001webgpu-imle:";

/** The line that carries an event. */
export function encodeEvent(event: object): string {
  return marker + JSON.stringify(event);
}

/** Splits a line of output into the text before an event and the event, if there is one. */
export function decodeLine(line: string): { text: string; event: ProgramEvent | null } {
  const start = line.indexOf(marker);
  if (start < 0) return { text: line, event: null };
  return { text: line.slice(0, start), event: JSON.parse(line.slice(start + marker.length)) as ProgramEvent };
}

export function describeError(error: unknown): RemoteError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: "" };
  const { name, message, stack = "" } = error;
  const { code, fix } = error as { code?: unknown; fix?: unknown };
  return {
    name,
    message,
    stack,
    ...(typeof code === "string" && { code }),
    ...(typeof fix === "string" && { fix }),
  };
}

/** `Node 20.20 (Dawn) on NVIDIA H200`, and whether it is a software adapter. */
export function adapterLine(adapter: AdapterDescription): string {
  const { description, vendor, architecture } = adapter;
  // Dawn names the device in letters; wgpu gives its PCI number there and its name as description.
  const device = /[a-z]{2}/i.test(adapter.device) ? adapter.device.replace(/-$/, "") : "";
  const known = [device, description].filter((part) => part !== "").join(", ");
  const name = known || [vendor, architecture].filter((part) => part !== "").join(" ") || "an unnamed adapter";
  return `${adapter.runtimeVersion} on ${name}${adapter.software ? " (software adapter)" : ""}`;
}
