/** Starts a program on Node: WebGPU comes from the `webgpu` package, which is Dawn. */

import { Worker } from "node:worker_threads";
import { create, globals } from "webgpu";
import { describeError, encodeEvent } from "./host.js";
import { runSession } from "./bootstrap.js";

const origin = process.argv[2] ?? "";

// Ends this process when the one that started it does, even while the main thread is busy. Standard input is a pipe
// that nobody writes to: it closes when its other end is gone.
const guard = `
  const { Socket } = require("node:net");
  new Socket({ fd: 0 }).on("error", () => {}).on("close", () => process.kill(process.pid, "SIGKILL")).resume();
`;
new Worker(guard, { eval: true }).unref();

// Dawn crashes when its GPU object is collected while devices are in use, so a global keeps it.
const gpu = create([]);
Object.assign(globalThis, globals, { webgpuImleKeepsGpu: gpu });
const navigator = globalThis.navigator ?? {};
Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });

/** Process exit does not wait for what is on its way to a pipe. */
async function exit(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  process.exit(code);
}

process.on("uncaughtException", (error) => {
  console.log(encodeEvent({ type: "error", error: describeError(error) }));
  void exit(1);
});

const version = process.versions.node.split(".").slice(0, 2).join(".");
const load = (program: string) => import(new URL(`./${program}.js`, import.meta.url).href);
void exit((await runSession("node", `Node ${version} (Dawn)`, origin, load)) ? 0 : 1);
