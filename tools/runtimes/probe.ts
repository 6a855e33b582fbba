/** The least program: it checks that the adapter gives a device. */

import type { Host } from "./host.js";

export default async function main(host: Host): Promise<void> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error("probe: an adapter was there a moment ago, and is gone.");
  const device = await adapter.requestDevice();
  host.emit({ type: "device", maxBufferSize: device.limits.maxBufferSize });
  device.destroy();
}
