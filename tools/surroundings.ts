/** What a benchmark's results say of the checkout and of the machine. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import type { Machine, ResultsFile } from "../bench/results.js";
import { projectRoot } from "./runtimes/index.js";

export type Surroundings = Pick<ResultsFile, "commit" | "changed" | "machine" | "versions">;

export function surroundings(): Surroundings {
  return { ...revision(projectRoot), machine: machine(), versions: versions() };
}

/** The commit of a checkout, and whether it has changes beyond it. */
export function revision(folder: string): Pick<ResultsFile, "commit" | "changed"> {
  const commit = git(folder, "rev-parse", "HEAD")?.trim() ?? null;
  // What the bench itself keeps does not change what is measured.
  const measured = [".", ":!bench/results", ":!README.md"];
  const changed = commit === null ? null : git(folder, "status", "--porcelain", "--", ...measured) !== "";
  return { commit, changed };
}

function git(folder: string, ...parameters: string[]): string | null {
  try {
    return execFileSync("git", parameters, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}

function machine(): Machine {
  const cores = cpus();
  return {
    platform: platform(),
    architecture: arch(),
    processor: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryBytes: totalmem(),
  };
}

/** Of the package and of what runs it. */
function versions(): Record<string, string> {
  const versionOf = (folder: string): string =>
    (JSON.parse(readFileSync(join(projectRoot, folder, "package.json"), "utf8")) as { version: string }).version;
  return {
    "webgpu-imle": versionOf("."),
    webgpu: versionOf("node_modules/webgpu"),
    deno: versionOf("node_modules/deno"),
    node: process.versions.node,
  };
}
