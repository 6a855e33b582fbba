/** `npm run bench:page`: serves a page on this machine alone, on which a person runs benchmarks in a browser. */

import { Command } from "commander";
import { livePage } from "../bench/live/page.js";
import { serveSession } from "./runtimes/server.js";
import { interruptedExitCode, interruptSignal } from "./runtimes/index.js";
import { surroundings } from "./surroundings.js";

new Command("npm run bench:page")
  .description("Serves a page on which benchmarks run in your own browser, and prints its address.")
  .showHelpAfterError("Usage: npm run bench:page")
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const server = await serveSession({ program: "", args: null }, {}, { "": livePage(surroundings()) });
console.log(`Open ${server.origin}/ in a browser with WebGPU, such as Chrome. Ctrl-C ends the server.`);
interruptSignal().addEventListener("abort", () => {
  void server.close().then(() => process.exit(interruptedExitCode));
});
