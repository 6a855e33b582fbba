// @ts-check
// Makes a checkout ready to run: installs what is missing, builds what is stale. Runs before `npm start`, `npm test`
// and `npm run bench`, so it is plain JavaScript that imports nothing but Node's own modules.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".cache", "webgpu-imle", "installed");

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`\nwebgpu-imle: ${message}`);
  process.exit(1);
}

/** What an installation depends on. Kept after one, since npm may rightly leave out an optional package that fits. */
function installationKey() {
  const lock = readFileSync(join(root, "package-lock.json"));
  const hash = createHash("sha256").update(lock).digest("hex");
  return `${hash} ${process.platform} ${process.arch}\n`;
}

/** Whether npm's record of what lies in node_modules agrees with the lock file, for every package that fits here. */
function installedAsLocked() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, "utf8")).packages;
  return lockedPackages().every(([path, entry]) => {
    if (entry.optional === true && installed[path] === undefined) return stampIsCurrent() || !fitsHere(entry);
    return installed[path]?.version === entry.version && existsSync(join(root, path, "package.json"));
  });
}

/** @returns {[string, any][]} */
function lockedPackages() {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(lock.packages).filter(([path, entry]) => path !== "" && entry.peer !== true);
}

/** @param {{ os?: string[], cpu?: string[] }} entry */
const fitsHere = ({ os = [], cpu = [] }) => os.includes(process.platform) && cpu.includes(process.arch);

const stampIsCurrent = () => existsSync(stampFile) && readFileSync(stampFile, "utf8") === installationKey();

async function install() {
  if (installedAsLocked()) return;

  const started = Date.now();
  const visible = process.stdout.isTTY === true;
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  process.stdout.write("Installing the development packages (npm ci, about 200 MB the first time) ...");
  const ticker = setInterval(() => {
    if (visible) process.stdout.write(`\rInstalling the development packages (npm ci) ... ${seconds()} `);
  }, 1000);

  // The npm that runs this script is the one to use: another may be first on PATH, or none (npm_execpath is its file).
  const npmFile = process.env.npm_execpath;
  // npm waits a minute and more between its three tries by default: long for somebody who is offline.
  const patience = ["--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=8000"];
  const ciArguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...patience];
  const child =
    npmFile !== undefined && /\.[cm]?js$/.test(npmFile)
      ? spawn(process.execPath, [npmFile, ...ciArguments], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
      : spawn("npm", ciArguments, {
          cwd: root,
          stdio: ["ignore", "pipe", "pipe"],
          shell: process.platform === "win32",
        });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes));
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += error.message;
      resolve(-1);
    });
    child.on("close", resolve);
  });
  clearInterval(ticker);
  process.stdout.write("\n");

  if (code !== 0) {
    const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/.test(output);
    const advice = offline
      ? "The npm registry could not be reached: connect to the network (or set npm's proxy or registry) and try again."
      : "Read npm's message above; `npm ci` alone repeats the step.";
    const lines = output.trim().split("\n").slice(0, offline ? 4 : 20);
    fail([`npm ci failed (exit code ${code}).`, ...lines, advice].join("\n"));
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, installationKey());
  console.log(`Installed in ${seconds()}.`);
}

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  fail(`Node 20 or newer is needed, this is ${process.versions.node}. Get a current one from https://nodejs.org.`);
}
if (!existsSync(join(root, "package-lock.json"))) fail("package-lock.json is missing: check the project out again.");
await install();
if (process.argv.includes("--install-only")) process.exit(0);
const { build } = await import("./build.mjs");
try {
  await build();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
