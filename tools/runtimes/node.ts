/** Runs a session on Node, which is Dawn from the npm package `webgpu`. */

import { join } from "node:path";
import { programsFolder } from "./paths.js";
import { runChild } from "./processes.js";
import type { Starter } from "./runtime.js";
import { softwareAdapterEnvironment } from "./software-adapter.js";

export const startNode: Starter = async ({ origin, adapter, onLine, onErrorLine, signal }) =>
  await runChild({
    command: process.execPath,
    commandArguments: [
      "--enable-source-maps",
      "--no-warnings",
      join(programsFolder, "tools-runtimes-bootstrap-node.js"),
      origin,
    ],
    environment: adapter === "software" ? await softwareAdapterEnvironment() : {},
    onLine,
    onErrorLine,
    signal,
  });
