// @ts-check
// Builds the package into dist/ and everything that runs in the checkout into build/.
//
//   dist/webgpu-imle.js, dist/testing.js   the shipped bundle; what both need is in dist/shared.js, so that no class
//                                          is there twice
//   dist/types/                            declarations
//   build/tools/NAME.js                    every tools/NAME.ts: a Node program
//   build/node-tests/                      test/node/*.test.ts: tests that need Node itself
//   build/programs/                        what runs on a runtime: tests, benchmarks, experiments. They import the
//                                          package by a relative path to dist/, and so run what is shipped.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { programName } from "./program-name.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const libraryFolders = ["kernels", "engine", "solvers", "imle"];
const buildFiles = ["tools/build.mjs", "tools/program-name.mjs"];
const testRunner = "test/support/runner.ts";
const programFolders = ["test", "bench", "examples", "tools"];

/** @param {string} path relative to the root, with slashes */
const inRoot = (path) => join(root, ...path.split("/"));

/** Every file below a folder, as a path relative to the root with slashes, sorted. @param {string} folder */
function filesBelow(folder) {
  if (!existsSync(inRoot(folder))) return [];
  return readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => nameOf(join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** Changes when any of the files does, or when one comes or goes. @param {string[]} files */
function fingerprint(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const { mtimeMs, size } = statSync(inRoot(file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest("hex");
}

/** Whether a TypeScript file is a program: a module that tools/runtimes can start. @param {string} file */
const isProgram = (file) => /^export default (async )?function main\b/m.test(readFileSync(inRoot(file), "utf8"));

/** @param {string[]} files */
function entryPoints(files) {
  const scripts = files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"));
  const tools = scripts.filter((file) => /^tools\/[^/]+\.ts$/.test(file) && !isProgram(file));
  const nodeTests = scripts.filter((file) => /^test\/node\/.*\.test\.ts$/.test(file));
  const tests = scripts.filter((file) => /^test\/.*\.test\.ts$/.test(file) && !nodeTests.includes(file));
  const bootstraps = scripts.filter((file) => /^tools\/runtimes\/bootstrap-[a-z]+\.ts$/.test(file));
  const fixtures = scripts.filter((file) => file.startsWith("test/fixtures/"));
  const programs = new Set([...tests, ...fixtures, ...bootstraps, ...scripts.filter(isProgram)]);
  /** @param {string[]} list @param {(file: string) => string} name */
  const named = (list, name) => list.map((file) => ({ in: inRoot(file), out: name(file) }));
  return {
    node: [
      ...named(tools, (file) => file.replace(/\.ts$/, "")),
      ...named([...nodeTests, testRunner], (file) => `node-tests/${programName(file)}`),
    ],
    programs: named([...programs], (file) => `programs/${programName(file)}`),
  };
}

/**
 * Sends imports of the package to the shipped bundle, and imports of uvu to the copy that reports each test.
 * @param {string} toDist
 * @returns {import("esbuild").Plugin}
 */
const redirections = (toDist) => ({
  name: "redirections",
  setup(context) {
    context.onResolve({ filter: /^webgpu-imle(\/testing)?$/ }, ({ path }) => ({
      path: `${toDist}/${path === "webgpu-imle" ? "webgpu-imle" : "testing"}.js`,
      external: true,
    }));
    // uvu's own text is bundled, also for Node: an external import would come before the line that defers its run.
    context.onResolve({ filter: /^uvu$/ }, ({ importer }) => {
      const reporting = inRoot("test/support/uvu.ts");
      return { path: importer === reporting ? inRoot("node_modules/uvu/dist/index.mjs") : reporting };
    });
  },
});

/**
 * Ships WGSL without comments and indentation, a seventh of the bundle; its lines keep their numbers, which compile
 * errors name, and lie between two lines that tell whose they are (see engine/compose.ts).
 * @type {import("esbuild").Plugin}
 */
const shortWgsl = {
  name: "short WGSL",
  setup(context) {
    context.onLoad({ filter: /\.wgsl$/ }, ({ path }) => ({
      contents: `//@ ${nameOf(path)}\n${readFileSync(path, "utf8").replace(/[ \t]*\/\/.*$|^[ \t]+/gm, "")}//@\n`,
      loader: "text",
    }));
  },
};

/**
 * Puts all WGSL side by side at the head of the bundle, where gzip finds what repeats: a fiftieth of the bundle.
 * @type {import("esbuild").Plugin}
 */
const wgslFirst = {
  name: "WGSL first",
  setup(context) {
    const name = "all WGSL";
    context.initialOptions.inject = [name];
    context.onResolve({ filter: /^all WGSL$/ }, () => ({ path: name, namespace: name }));
    context.onLoad({ filter: /./, namespace: name }, () => ({
      contents: libraryFolders
        .flatMap(filesBelow)
        .filter((file) => file.endsWith(".wgsl"))
        .map((file) => `import ${JSON.stringify(inRoot(file))};`)
        .join("\n"),
      resolveDir: root,
    }));
  },
};

/** @param {string} path */
const nameOf = (path) => relative(root, path).split(sep).join("/");

/** Writes a file whole or not at all, and only if it changes. @param {string} path @param {Uint8Array} contents */
function writeIfChanged(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, contents);
  renameSync(partial, path);
}

/**
 * Runs esbuild; its messages become the error's.
 * @param {import("esbuild").BuildOptions} options
 * @returns {Promise<string[]>} the files of the bundle, as absolute paths
 */
async function bundle(options) {
  const esbuild = await import("esbuild");
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: root,
      bundle: true,
      format: "esm",
      target: "es2022",
      splitting: true,
      sourcemap: true,
      loader: { ".wgsl": "text", ".md": "text", ".safetensors": "binary" },
      logLevel: "silent",
      ...options,
      write: false,
    });
    for (const { path, contents } of outputFiles) writeIfChanged(path, contents);
    return outputFiles.map(({ path }) => path);
  } catch (error) {
    const errors = /** @type {import("esbuild").BuildFailure} */ (error).errors ?? [];
    if (errors.length === 0) throw error;
    const lines = await esbuild.formatMessages(errors, { kind: "error", color: false });
    throw new Error(`the build failed.\n${lines.join("").trim()}`);
  }
}

/** @param {string[]} parameters arguments of the TypeScript compiler */
function compile(parameters) {
  const compiler = inRoot("node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [compiler, ...parameters], { cwd: root, encoding: "utf8" });
}

/** Does a step when the files it reads have changed since it was last done. */
async function whenStale(
  /** @type {string} */ stamp,
  /** @type {string[]} */ files,
  /** @type {() => Promise<void>} */ step,
) {
  const path = inRoot(stamp);
  const now = fingerprint(files);
  if (existsSync(path) && readFileSync(path, "utf8") === now) return false;
  rmSync(path, { force: true });
  await step();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, now);
  return true;
}

const settings = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.declarations.json", ...buildFiles];

/** dist/: the bundle. Returns whether anything had to be built. */
async function buildLibrary() {
  const files = [...settings, ...libraryFolders.flatMap(filesBelow)];
  return await whenStale("build/.stamps/library", files, async () => {
    await bundle({
      entryPoints: [
        { in: inRoot("imle/index.ts"), out: "webgpu-imle" },
        { in: inRoot("solvers/testing.ts"), out: "testing" },
      ],
      outdir: inRoot("dist"),
      chunkNames: "shared",
      platform: "neutral",
      sourcesContent: true,
      plugins: [shortWgsl, wgslFirst],
    });
  });
}

/** dist/types: the declarations, whose text must not need @webgpu/types. */
async function buildDeclarations() {
  const files = [...settings, ...libraryFolders.flatMap(filesBelow).filter((file) => file.endsWith(".ts"))];
  return await whenStale("build/.stamps/declarations", files, async () => {
    rmSync(inRoot("dist/types"), { recursive: true, force: true });
    const { status, stdout, stderr } = compile(["-p", "tsconfig.declarations.json"]);
    if (status !== 0) throw new Error(`the declarations could not be made.\n${(stdout + stderr).trim()}`);
    for (const file of filesBelow("dist/types")) {
      if (readFileSync(inRoot(file), "utf8").includes("@webgpu/types")) {
        throw new Error(`${file} names @webgpu/types, which a user of the package need not have.`);
      }
    }
  });
}

/** build/: tools, tests and programs. */
async function buildPrograms() {
  const files = [...settings, "README.md", ...filesBelow("docs"), ...programFolders.flatMap(filesBelow)];
  return await whenStale("build/.stamps/programs", files, async () => {
    const entries = entryPoints(files.filter((file) => !settings.includes(file)));
    // The package's own "sideEffects: false" is for what is shipped: modules here may be imported for what they do.
    const shared = { outdir: inRoot("build"), ignoreAnnotations: true };
    const written = await Promise.all([
      bundle({
        ...shared,
        entryPoints: entries.node,
        chunkNames: "chunks/[name]-[hash]",
        platform: "node",
        packages: "external",
        plugins: [redirections("../../dist")],
      }),
      bundle({
        ...shared,
        entryPoints: entries.programs,
        chunkNames: "programs/[name]-[hash]",
        platform: "browser",
        external: ["webgpu", "node:*"],
        plugins: [redirections("../../dist")],
      }),
    ]);
    removeOldFiles(new Set(written.flat()));
  });
}

/** Removes what no bundle has any more, save what a run that is under way may yet load. @param {Set<string>} kept */
function removeOldFiles(kept) {
  const anHourAgo = Date.now() - 3_600_000;
  for (const file of filesBelow("build").filter((path) => !path.startsWith("build/.stamps/"))) {
    if (!kept.has(inRoot(file)) && statSync(inRoot(file)).mtimeMs < anHourAgo) rmSync(inRoot(file), { force: true });
  }
}

/**
 * Builds what is stale. Declarations take longer than all else and only users of the package need them: `npm run build`
 * and `npm pack` make them.
 */
export async function build({ declarations = false } = {}) {
  const started = Date.now();
  const done = [await buildLibrary(), await buildPrograms(), declarations && (await buildDeclarations())];
  if (done.includes(true)) console.log(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) {
  try {
    await build({ declarations: true });
  } catch (error) {
    console.error(`webgpu-imle: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
