/** Runs a session on Deno, whose binary comes from npm: `@deno/<platform>`. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, programsFolder, projectRoot } from "./paths.js";
import { runChild } from "./processes.js";
import type { Starter } from "./runtime.js";
import { softwareAdapterEnvironment } from "./software-adapter.js";

/** The package `deno` would link the binary at installation, which npm may have been told not to run. */
export function denoBinary(): string | null {
  const name = process.platform === "win32" ? "deno.exe" : "deno";
  const suffix = process.platform === "linux" ? "-glibc" : "";
  const binary = join(projectRoot, "node_modules", "@deno", `${process.platform}-${process.arch}${suffix}`, name);
  return existsSync(binary) ? binary : null;
}

// What the packages that the tests use ask for at import; Deno would stop to ask the person.
const environmentNames = ["FORCE_COLOR", "NODE_DISABLE_COLORS", "NO_COLOR", "TERM"];

// Mesa complains of a missing XDG_RUNTIME_DIR, which is for windows, whenever it looks for devices.
export const startDeno: Starter = async ({ origin, adapter, onLine, onErrorLine, signal }) => {
  const command = denoBinary();
  if (command === null) return `npm has no Deno for ${process.platform} on ${process.arch} with this C library`;
  return await runChild({
    command,
    commandArguments: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      "--no-remote",
      "--no-npm",
      `--allow-read=${projectRoot}`,
      `--allow-net=${new URL(origin).host}`,
      `--allow-env=${environmentNames.join(",")}`,
      join(programsFolder, "tools-runtimes-bootstrap-deno.js"),
      origin,
    ],
    environment: {
      DENO_DIR: join(cacheFolder, "deno"),
      DENO_NO_UPDATE_CHECK: "1",
      // Without a Vulkan driver wgpu would fall back to OpenGL, which lacks part of what WebGPU promises.
      ...(process.platform === "linux" && { DENO_WEBGPU_BACKEND: process.env.DENO_WEBGPU_BACKEND ?? "vulkan" }),
      ...(adapter === "software" && (await softwareAdapterEnvironment())),
    },
    onLine,
    onErrorLine: (line) => {
      if (!line.includes("XDG_RUNTIME_DIR")) onErrorLine(line);
    },
    signal,
  });
};
