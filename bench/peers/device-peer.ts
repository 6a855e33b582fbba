/** Peers in JavaScript that run on the same runtime and adapter: found, bundled into one file, and started. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { runProgram } from "../../tools/runtimes/index.js";
import { cacheFolder, projectRoot } from "../../tools/runtimes/paths.js";
import type { Estimate } from "../estimate.js";
import type { DeviceArguments, DeviceEvent } from "./device-program.js";
import type { Peer } from "./peer.js";
import type { PeerTask, TaskName } from "./tasks.js";

export interface DevicePeer {
  readonly name: string;
  readonly tasks: readonly TaskName[];
  /** Its packages; what they export together is the module. */
  readonly packages: readonly string[];
  /** The environment variable that names a folder in which they are installed. */
  readonly variable: string;
  /** The program that times it, which calls `timeTasks`. */
  readonly program: string;
}

/** The package.json of a module's package: packages need not export it. */
function manifestOf(file: string, name: string): { readonly version: string } {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { name?: string; version: string };
    if (manifest.name === name) return manifest;
  }
  throw new Error(`${name} must have a package.json`);
}

interface Bundle {
  /** The folder of its index.js. */
  readonly place: string;
  readonly version: string;
}

/** One file for all runtimes, which Deno may read. @throws Error in one line where a package is not installed */
async function bundled({ packages, variable }: DevicePeer): Promise<Bundle> {
  const folder = process.env[variable] || projectRoot;
  const require = createRequire(join(folder, "package.json"));
  const found = packages.map((name) => {
    let file: string;
    try {
      file = require.resolve(name);
    } catch {
      const names = packages.join(" ");
      throw new Error(`not installed; npm i --no-save ${names}, or ${variable}=folder in which they are`);
    }
    return { file, version: manifestOf(file, name).version };
  });
  const { version } = found[0]!;
  const key = createHash("sha256").update(JSON.stringify(found)).digest("hex").slice(0, 12);
  const place = join(cacheFolder, "peers", key);
  if (existsSync(join(place, "index.js"))) return { place, version };
  mkdirSync(place, { recursive: true });
  const { build } = await import("esbuild");
  await build({
    stdin: {
      contents: packages.map((name) => `export * from ${JSON.stringify(name)};`).join("\n"),
      resolveDir: folder,
    },
    outfile: join(place, "index.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return { place, version };
}

/** One process times all tasks, one after the other: each waits for its own. */
export function devicePeer(peer: DevicePeer): Peer {
  const { name, tasks, program } = peer;
  return {
    name,
    tasks,
    async prepare({ runtime, adapter, tasks: all, budgetMilliseconds }) {
      const { place, version } = await bundled(peer);
      const stopping = new AbortController();
      const waiting = new Map<string, (event: DeviceEvent) => void>();
      const arrived = new Map<string, DeviceEvent>();
      const keyOf = (task: PeerTask): string => JSON.stringify(task);
      const args: DeviceArguments = {
        module: pathToFileURL(join(place, "index.js")).href,
        // Rows that do the same work share a time.
        tasks: [...new Map(all.map((task) => [keyOf(task), task])).values()],
        budgetMilliseconds,
      };
      const running = runProgram({
        runtime,
        program,
        args,
        data: { peer: place },
        silenceMilliseconds: 120_000,
        signal: stopping.signal,
        onAdapter: () => {},
        onText: () => {},
        onEvent: (event) => {
          const told = event as unknown as DeviceEvent;
          arrived.set(keyOf(told.task), told);
          waiting.get(keyOf(told.task))?.(told);
        },
        ...(adapter !== undefined && { adapter }),
      });
      const event = async (task: PeerTask): Promise<DeviceEvent> => {
        const known = arrived.get(keyOf(task));
        if (known !== undefined) return known;
        const told = new Promise<DeviceEvent>((resolve) => waiting.set(keyOf(task), resolve));
        const ended = running.then(({ failure }): DeviceEvent => {
          const message = failure === "" ? "no time came back" : failure;
          return arrived.get(keyOf(task)) ?? { type: "timed", task, time: null, message };
        });
        return await Promise.race([told, ended]);
      };
      return {
        version,
        async time(task): Promise<Estimate> {
          const { time, message } = await event(task);
          if (time === null) throw new Error(message);
          return time;
        },
        async close() {
          stopping.abort();
          await running;
        },
      };
    },
  };
}
