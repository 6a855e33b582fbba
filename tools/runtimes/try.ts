/** Runs a module of the person's own, bundled beside this one. */

import type { Host } from "./host.js";

export default async function main(host: Host): Promise<void> {
  const { module } = host.args as { module: string };
  await import(new URL(module, import.meta.url).href);
}
