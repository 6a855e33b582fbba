/** `npm run adapters`: what each runtime sees on this machine. */

import { Command } from "commander";
import { adapterLine, interruptedExitCode, interruptSignal, runProgram, runtimeNames } from "./runtimes/index.js";

const command = new Command("npm run adapters --")
  .description("Lists the WebGPU adapter of every runtime, for bug reports and to see why one does not start.")
  .option("--details", "also features and limits")
  .option("--tune", "also measure, for some seconds, which kernels are quicker: a table for Engine.create({ tuning })")
  .allowExcessArguments(false)
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const { details = false, tune = false } = command.opts<{ details?: boolean; tune?: boolean }>();

const signal = interruptSignal();
let found = 0;
for (const runtime of runtimeNames) {
  const result = await runProgram({
    runtime,
    program: `tools/runtimes/${tune ? "tune" : "probe"}.ts`,
    signal,
    onAdapter: (adapter) => {
      console.log(adapterLine(adapter));
      if (!details) return;
      console.log(`  features: ${adapter.features.join(", ")}`);
      for (const [name, value] of Object.entries(adapter.limits)) console.log(`  ${name}: ${value}`);
    },
  });
  if (signal.aborted) process.exit(interruptedExitCode);
  if (result.outcome === "finished") found += 1;
  else console.log(`${runtime}: not usable\n  ${result.failure.replaceAll("\n", "\n  ")}`);
}
process.exit(found > 0 ? 0 : 1);
