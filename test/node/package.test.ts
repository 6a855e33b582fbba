import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build as bundleWithEsbuild } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build as bundleWithVite } from "vite";
import { denoBinary } from "../../tools/runtimes/deno.js";
import { projectRoot } from "../../tools/runtimes/index.js";
import { serveSession } from "../../tools/runtimes/server.js";
import { softwareAdapterEnvironment, softwareAdapterFits } from "../../tools/runtimes/software-adapter.js";
import { launchBrowser } from "../support/browser.js";
import { linksWithin } from "../support/documents.js";
import { promisesOf, tutorialFiles } from "../support/tutorial.js";

/** Of the checkout, what a test's project may use beside the package itself. */
const ofCheckout = (name: string): string => join(projectRoot, "node_modules", ...name.split("/"));

const answer = "0 1 0 0 1";

// What somebody writes who has installed the package. It imports both entries, and says what it found.
const program = `
import { Engine, imle, ImleError, topK } from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";

export async function answer(gpu) {
  const engine = await Engine.create({ gpu });
  const theta = engine.tensor([[1, 5, 2, 3, 4]], { requiresGrad: true });
  const z = imle(topK(2), { samples: 4 }).eval()(theta);
  imle(topK(2), { samples: 4 })(theta).sum().backward();
  const found = [...(await z.read())].join(" ");
  const twin = [...topKCpu([1, 5, 2, 3, 4], 2)].join(" ");
  if (found !== twin || theta.grad === null) throw new ImleError("value", "answer: must be the twin's, got " + found);
  engine.dispose();
  return found;
}
`;

const ofNode = `
import { create, globals } from "webgpu";
import { answer } from "./answer.js";
Object.assign(globalThis, globals);
console.log(await answer(create([])));
process.exit(0); // Dawn keeps the process alive
`;

const ofDeno = `
import { answer } from "./answer.js";
console.log(await answer(navigator.gpu));
`;

const ofBrowser = `
import { answer } from "./answer.js";
answer(navigator.gpu).then((text) => (document.title = text), (error) => (document.title = String(error)));
`;

const typed = `
import { defineSolver, Engine, type ImleLayer, imle, pid, type Solver, sumOfGamma, type Tensor, topK } from "webgpu-imle";
import * as testing from "webgpu-imle/testing";
declare const device: GPUDevice;
const engine: Engine = Engine.from(device);
const x: Tensor = engine.tensor([[1, 2], [3, 4]], { requiresGrad: true });
const layer: ImleLayer = imle(topK(1), { noise: sumOfGamma({ kappa: 1 }), target: pid({ lambda: 2 }) });
export const z: Tensor = engine.scope(() => layer(x));
export const solver: Solver = defineSolver({ name: "mine", sense: "max", strategies: { lane: [{ wgsl: "" }] } });
export const buffer: GPUBuffer = x.gpu.buffer;
export const numbers: Promise<Int32Array<ArrayBuffer>> = x.read<"i32">();
export const names: string[] = Object.keys(testing);
// @ts-expect-error a shape is not a text
export const shape: string = x.shape;
`;

interface Project {
  folder: string;
}

const packed = suite<Project>("the packed package", { folder: "" });

packed.before((context) => {
  const temporary = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
  const npm = (folder: string, ...parameters: string[]): string =>
    execFileSync("npm", parameters, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  npm(projectRoot, "pack", "--silent", "--pack-destination", temporary);
  const folder = join(temporary, "project");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "name": "project", "private": true, "type": "module" }');
  const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { version: string };
  npm(folder, "install", "--offline", "--no-audit", "--no-fund", "--silent", join("..", `webgpu-imle-${version}.tgz`));
  const files = { "answer.js": program, "node.js": ofNode, "deno.js": ofDeno, "browser.js": ofBrowser, "typed.ts": typed };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  context.folder = folder;
});
packed.after(({ folder }) => rmSync(join(folder, ".."), { recursive: true, force: true }));

/** A GPU's driver, or SwiftShader where it fits. */
const adapterEnvironment = async (): Promise<NodeJS.ProcessEnv> => ({
  ...process.env,
  ...(softwareAdapterFits && (await softwareAdapterEnvironment())),
});

/** What the title of a page becomes that a folder's `index.html` opens. */
async function titleOf(folder: string): Promise<string> {
  const server = await serveSession({ program: "", args: null }, { project: folder });
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(`${server.origin}/data/project/index.html`);
    await tab.waitForFunction(() => document.title !== "", null, { timeout: 30_000 });
    return await tab.title();
  } finally {
    await browser.close();
    await server.close();
  }
}

packed("holds the bundle, its declarations, the README and the licence, and depends on nothing", ({ folder }) => {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: object };
  assert.equal(Object.keys(lock.packages), ["", "node_modules/webgpu-imle"]);
  const files = ["README.md", "LICENSE", "docs/embed.md"];
  const bundle = ["dist/webgpu-imle.js", "dist/testing.js", "dist/types/imle/index.d.ts"];
  for (const file of [...files, ...bundle]) {
    assert.ok(readFileSync(join(folder, "node_modules", "webgpu-imle", ...file.split("/"))).length > 0, file);
  }
});

packed("brings what its README and guides lead to", ({ folder }) => {
  const { count, broken } = linksWithin(join(folder, "node_modules", "webgpu-imle"));
  assert.equal(broken, []);
  assert.ok(count > 50, `${count} links`);
});

packed("can be imported where there is neither a navigator nor WebGPU", ({ folder }) => {
  const text = 'delete globalThis.navigator; const { topK } = await import("webgpu-imle"); console.log(topK(2).name);';
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", text], { cwd: folder, encoding: "utf8" });
  assert.is(output.trim(), "topK");
});

packed("works in Node, with WebGPU from the package webgpu, also as the README has it", async ({ folder }) => {
  cpSync(ofCheckout("webgpu"), join(folder, "node_modules", "webgpu"), { recursive: true });
  const env = await adapterEnvironment();
  const readme = readFileSync(join(folder, "node_modules", "webgpu-imle", "README.md"), "utf8");
  const example = /^```mjs\n([^]*?)^```/m.exec(readme)![1]!;
  writeFileSync(join(folder, "readme.mjs"), example);
  const printed = execFileSync(process.execPath, ["readme.mjs"], { cwd: folder, env, encoding: "utf8" });
  assert.equal(printed.trim().split("\n"), promisesOf(example));
  assert.is(execFileSync(process.execPath, ["node.js"], { cwd: folder, env, encoding: "utf8" }).trim(), answer);
});

packed("works in Deno, as npm:webgpu-imle", async ({ folder }) => {
  const file = "deno-npm.js";
  writeFileSync(join(folder, "answer-npm.js"), program.replaceAll('"webgpu-imle', '"npm:webgpu-imle'));
  writeFileSync(join(folder, file), ofDeno.replace("./answer.js", "./answer-npm.js"));
  const env = { ...(await adapterEnvironment()), DENO_NO_UPDATE_CHECK: "1", DENO_WEBGPU_BACKEND: "vulkan" };
  const parameters = ["run", "--quiet", "--no-prompt", "--no-remote", "--node-modules-dir=manual", file];
  assert.is(execFileSync(denoBinary()!, parameters, { cwd: folder, env, encoding: "utf8" }).trim(), answer);
});

packed("is enough for the tutorial, done as printed in an empty project", async ({ folder }) => {
  const tutorial = readFileSync(join(projectRoot, "docs", "tutorial-interval-scheduling.md"), "utf8");
  const files = tutorialFiles(tutorial);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  cpSync(ofCheckout("webgpu"), join(folder, "node_modules", "webgpu"), { recursive: true });
  const env = await adapterEnvironment();
  for (const name of ["check.js", "check-twin.js", "traced.js", "train.js"]) {
    const printed = execFileSync(process.execPath, [name], { cwd: folder, env, encoding: "utf8" });
    assert.equal(printed.trim().split("\n"), promisesOf(files[name]!), name);
  }
});

packed("works in a browser through an import map, without a bundler", async ({ folder }) => {
  const dist = "./node_modules/webgpu-imle/dist";
  const imports = { "webgpu-imle": `${dist}/webgpu-imle.js`, "webgpu-imle/testing": `${dist}/testing.js` };
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
  writeFileSync(join(folder, "index.html"), `${head}${map}<script type="module" src="browser.js"></script>`);
  assert.is(await titleOf(folder), answer);
});

packed("works in a browser, bundled by esbuild", async ({ folder }) => {
  const site = join(folder, "esbuild");
  await bundleWithEsbuild({
    entryPoints: [join(folder, "browser.js")],
    outfile: join(site, "browser.js"),
    bundle: true,
    minify: true,
    format: "esm",
    logLevel: "error",
  });
  writeFileSync(join(site, "index.html"), '<!doctype html><script type="module" src="browser.js"></script>');
  assert.is(await titleOf(site), answer);
});

packed("works in a browser, bundled by Vite", async ({ folder }) => {
  writeFileSync(join(folder, "index.html"), '<!doctype html><script type="module" src="/browser.js"></script>');
  await bundleWithVite({ root: folder, base: "./", configFile: false, logLevel: "error", build: { outDir: "vite" } });
  assert.is(await titleOf(join(folder, "vite")), answer);
});

function linkWebgpuTypes(folder: string): void {
  const types = join(folder, "node_modules", "@webgpu");
  mkdirSync(types, { recursive: true });
  rmSync(join(types, "types"), { recursive: true, force: true });
  symlinkSync(ofCheckout("@webgpu/types"), join(types, "types"), "junction");
}

/** What a compiler says of the project in a folder. */
function complaintsOf(compiler: string, folder: string): string {
  try {
    execFileSync(process.execPath, [join(ofCheckout(compiler), "bin", "tsc"), "-p", folder], { encoding: "utf8" });
    return "";
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

for (const [compiler, resolution] of [
  ["typescript", "NodeNext"],
  ["typescript", "Bundler"],
  ["typescript-5", "NodeNext"],
  ["typescript-5", "Bundler"],
] as const) {
  const { version } = JSON.parse(readFileSync(join(ofCheckout(compiler), "package.json"), "utf8")) as { version: string };
  const major = version.split(".")[0]!;

  packed(`has types that TypeScript ${major} takes under strict, with modules resolved as ${resolution}`, ({ folder }) => {
    linkWebgpuTypes(folder);
    // TypeScript 5 has no WebGPU of its own.
    const own = major === "5" ? { types: ["@webgpu/types"] } : { types: [] };
    const compilerOptions = {
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      target: "ES2022",
      lib: ["ES2022", "DOM", "ESNext.Disposable"],
      module: resolution === "NodeNext" ? "NodeNext" : "ESNext",
      moduleResolution: resolution,
      ...own,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["typed.ts"] }));
    assert.is(complaintsOf(compiler, folder), "");
  });
}

for (const compiler of ["typescript", "typescript-5"]) {
  packed(`has types that ${compiler} takes as the README has it: with @webgpu/types beside the DOM`, ({ folder }) => {
    linkWebgpuTypes(folder);
    writeFileSync(join(folder, "usage.ts"), `${typed}export const usage: number = GPUBufferUsage.VERTEX;\n`);
    const compilerOptions = {
      ...{ strict: true, noEmit: true, skipLibCheck: true, types: ["@webgpu/types"] },
      ...{ target: "ES2022", lib: ["ES2022", "DOM"], module: "ESNext", moduleResolution: "Bundler" },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["usage.ts"] }));
    assert.is(complaintsOf(compiler, folder), "");
  });
}

packed.run();
