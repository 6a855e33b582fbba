import { ImleError } from "./error.js";

/**
 * What the library needs of a device: WebGPU's default limits. More is used where it is there, but never required;
 * a host that makes its own device for {@link Engine.from} may pass these as `requiredLimits`.
 */
export const requiredLimits = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 1 << 27,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
} as const;

/** Limits that are asked for as high as the adapter has them, so that larger tensors fit. */
const raisedLimits = ["maxStorageBufferBindingSize", "maxBufferSize"] as const;

/**
 * Features that are used where the device has them; none is needed. With `timestamp-query` benchmarks read the device's
 * own clock; with `subgroups` some processors compute products and convolutions quicker, to other last bits.
 */
export const optionalFeatures = ["timestamp-query", "subgroups"] as const;

/** Asks `gpu` for an adapter and a device. */
export async function requestDevice(
  gpu: GPU | undefined,
  powerPreference: GPUPowerPreference,
): Promise<{ device: GPUDevice; adapter: GPUAdapter }> {
  if (!gpu) {
    throw new ImleError(
      "adapter",
      "Engine.create: WebGPU must be there, got no navigator.gpu",
      "Use a browser or runtime with WebGPU, serve the page over https or localhost, or pass { gpu }.",
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) {
    throw new ImleError(
      "adapter",
      "Engine.create: the system must have a WebGPU adapter, got none",
      "Install a graphics driver (Vulkan, Metal or D3D12), or a software adapter such as SwiftShader or lavapipe.",
    );
  }
  const limits = raisedLimits.map((name) => [name, adapter.limits[name]]);
  try {
    const device = await adapter.requestDevice({
      label: "webgpu-imle",
      requiredFeatures: optionalFeatures.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(limits) as Record<string, number>,
    });
    return { device, adapter };
  } catch (error) {
    throw new ImleError(
      "adapter",
      `Engine.create: the adapter must give a device, got ${error instanceof Error ? error.message : error}`,
      "Close other programs that use the GPU, or restart the browser or runtime.",
    );
  }
}

/** Whether a device computes on the processor: its kernels are then chosen without barriers, and with few lanes. */
export function isSoftware(info: GPUAdapterInfo | undefined): boolean {
  const words = `${info?.vendor} ${info?.architecture} ${info?.device} ${info?.description}`.toLowerCase();
  return info?.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software|basic render/.test(words);
}
