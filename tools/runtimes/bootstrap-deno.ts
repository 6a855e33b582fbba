/** Starts a program on Deno, which has WebGPU by wgpu. */

import { describeError, encodeEvent } from "./host.js";
import { runSession } from "./bootstrap.js";

interface DenoGlobal {
  readonly args: readonly string[];
  readonly version: { readonly deno: string };
  readonly stdin: { read(bytes: Uint8Array): Promise<number | null> };
  exit(code: number): never;
}
const deno = (globalThis as unknown as { Deno: DenoGlobal }).Deno;

// Ends this process when the one that started it does. Standard input is a pipe that nobody writes to: it closes when
// its other end is gone.
async function endWithParent(): Promise<void> {
  while ((await deno.stdin.read(new Uint8Array(1))) !== null);
  deno.exit(1);
}
void endWithParent();

for (const type of ["error", "unhandledrejection"]) {
  globalThis.addEventListener(type, (event) => {
    event.preventDefault();
    const { error, reason } = event as ErrorEvent & PromiseRejectionEvent;
    console.log(encodeEvent({ type: "error", error: describeError(error ?? reason) }));
    deno.exit(1);
  });
}

const version = deno.version.deno.split(".").slice(0, 2).join(".");
const load = (program: string) => import(new URL(`./${program}.js`, import.meta.url).href);
deno.exit((await runSession("deno", `Deno ${version} (wgpu)`, deno.args[0] ?? "", load)) ? 0 : 1);
