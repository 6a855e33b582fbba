import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectRoot } from "../../tools/runtimes/index.js";

const buildCommand = join(projectRoot, "tools", "build.mjs");
const compiler = join(projectRoot, "node_modules", "typescript", "bin", "tsc");

// What somebody writes who has installed the package: its types meet those of WebGPU, and are not `any`.
const usage = `
import { Engine, type Tensor } from "webgpu-imle";
import * as testing from "webgpu-imle/testing";
declare const device: GPUDevice;
const x: Tensor = Engine.from(device).tensor([[1, 2], [3, 4]]);
export const buffer: GPUBuffer = x.gpu.buffer;
export const names: string[] = Object.keys(testing);
// @ts-expect-error a shape is not a text
export const shape: string = x.shape;
`;

const declarations = suite("declarations");

declarations.before(() => {
  const { status, stderr } = spawnSync(process.execPath, [buildCommand], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
});

declarations("they do not name @webgpu/types", () => {
  const folder = join(projectRoot, "dist", "types");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".d.ts"));
  assert.ok(files.includes(join("imle", "index.d.ts")));
  for (const file of files) assert.not.match(readFileSync(join(folder, file), "utf8"), "@webgpu/types");
});

for (const [name, lib, types] of [
  ["the compiler's own WebGPU types", ["ES2022", "DOM", "ESNext.Disposable"], []],
  ["the types of @webgpu/types alone", ["ES2022", "ESNext.Disposable"], ["@webgpu/types"]],
] as const) {
  declarations(`a user's program compiles against them with ${name}`, () => {
    mkdirSync(join(projectRoot, "build"), { recursive: true });
    const folder = mkdtempSync(join(projectRoot, "build", "user-"));
    try {
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(projectRoot, join(folder, "node_modules", "webgpu-imle"), "junction");
      writeFileSync(join(folder, "usage.ts"), usage);
      const compilerOptions = { strict: true, noEmit: true, target: "ES2022", module: "NodeNext", lib, types };
      const settings = { compilerOptions: { ...compilerOptions, skipLibCheck: true }, files: ["usage.ts"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      const { stdout, status } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
      assert.is(stdout, "");
      assert.is(status, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

declarations.run();
