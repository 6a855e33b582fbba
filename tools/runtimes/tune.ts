/** Measures which kernels are quicker on this adapter: `npm run adapters -- --tune`. */

import { Engine } from "webgpu-imle";

export default async function main(): Promise<void> {
  const engine = await Engine.create();
  console.log(`  tuning: ${JSON.stringify(await engine.tune())}`);
  engine.dispose();
}
