// @ts-check
// `npm run docs`: writes docs/reference from the doc comments. TypeDoc and the TypeScript that it needs are installed
// here, beside this file and only for this command: nothing else in the checkout needs them.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const typedoc = join(here, "node_modules", "typedoc", "bin", "typedoc");

/** @param {string} command @param {string[]} parameters */
function run(command, parameters) {
  const { status } = spawnSync(command, parameters, { cwd: here, stdio: "inherit", shell: command === "npm" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(typedoc)) run("npm", ["ci", "--no-audit", "--no-fund"]);
rmSync(join(here, "..", "..", "docs", "reference"), { recursive: true, force: true });
run(process.execPath, [typedoc, "--logLevel", "Warn"]);
