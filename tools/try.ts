/** `npm run try FILE`: runs a person's own module on any runtime, with `webgpu-imle` as it is built here. */

import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { build } from "esbuild";
import { interruptedExitCode, interruptSignal, runProgram, type RuntimeName, runtimeNames } from "./runtimes/index.js";
import { programsFolder } from "./runtimes/paths.js";

const command = new Command("npm run try --")
  .description("Runs a JavaScript or TypeScript file that imports webgpu-imle, with an adapter found as for npm start.")
  .argument("<file>", "the module to run; its top level may await")
  .addOption(new Option("--runtime <name>", "where to run").choices(runtimeNames).default("node"))
  .allowExcessArguments(false)
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const file = resolve(process.env["INIT_CWD"] ?? ".", command.processedArgs[0]);
const { runtime } = command.opts<{ runtime: RuntimeName }>();

if (!existsSync(file)) {
  console.error(`webgpu-imle: ${file}: the file must exist. Check its path.`);
  process.exit(1);
}
const module = `try-${process.pid}.js`;
const output = join(programsFolder, module);
try {
  await build({
    entryPoints: [file],
    outfile: output,
    bundle: true,
    format: "esm",
    target: "es2022",
    loader: { ".wgsl": "text" },
    sourcemap: "inline",
    logLevel: "error",
    plugins: [
      {
        name: "this checkout's bundle",
        setup: (context) =>
          context.onResolve({ filter: /^webgpu-imle(\/testing)?$/ }, ({ path }) => ({
            path: `../../dist/${path === "webgpu-imle" ? "webgpu-imle" : "testing"}.js`,
            external: true,
          })),
      },
    ],
  });
} catch {
  process.exit(1); // esbuild has said what is wrong, and where
}
const signal = interruptSignal();
try {
  const result = await runProgram({ runtime, program: "tools/runtimes/try.ts", args: { module: `./${module}` }, signal });
  if (result.outcome === "failed") console.error(result.failure);
  process.exitCode = signal.aborted ? interruptedExitCode : result.outcome === "finished" ? 0 : 1;
} finally {
  rmSync(output, { force: true });
}
process.exit();
