/** `npm run demo`: serves the live map, a WebGPU app that has the library inside, on this machine alone. */

import { Command } from "commander";
import { demoPage } from "../examples/embed-map/page.js";
import { interruptedExitCode, interruptSignal } from "./runtimes/index.js";
import { serveSession } from "./runtimes/server.js";

new Command("npm run demo")
  .description("Serves a page on which paths are drawn and costs are learnt from them, and prints its address.")
  .showHelpAfterError("Usage: npm run demo")
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const server = await serveSession({ program: "", args: null }, {}, { "": demoPage() });
console.log(`Open ${server.origin}/ in a browser with WebGPU, such as Chrome. Ctrl-C ends the server.`);
interruptSignal().addEventListener("abort", () => {
  void server.close().then(() => process.exit(interruptedExitCode));
});
