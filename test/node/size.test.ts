import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectRoot } from "../../tools/runtimes/index.js";

/** Bytes of a program that imports the shipped bundle, minified and gzipped. */
async function sizeOf(program: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: projectRoot },
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

const size = suite("size, minified and gzipped");

size("an app with an engine, a layer, a solver and a noise takes 67 KB, and leaves out the rest", async () => {
  const bytes = await sizeOf(`
    import { Engine, imle, sumOfGamma, topK } from "./dist/webgpu-imle.js";
    globalThis.app = [Engine, imle, sumOfGamma, topK];
  `);
  assert.ok(bytes < 67_000, `an app must stay under 67,000 bytes, got ${bytes}`);
});

size("the whole library takes 145 KB", async () => {
  const bytes = await sizeOf('import * as all from "./dist/webgpu-imle.js"; globalThis.all = all;');
  assert.ok(bytes < 145_000, `the library must stay under 145,000 bytes, got ${bytes}`);
});

size.run();
