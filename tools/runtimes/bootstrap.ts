/** The part of starting a program that is the same on Node, Deno and Chrome. */

import { type AdapterDescription, type Host, type Program, type RuntimeName, type Session } from "./host.js";
import { describeError, encodeEvent } from "./host.js";

const limitNames = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
  "minStorageBufferOffsetAlignment",
] as const;

const softwareAdapter = /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i;

/** What WebGPU says of an adapter. */
export function describeAdapter(adapter: GPUAdapter, runtime: RuntimeName, runtimeVersion: string): AdapterDescription {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  return {
    runtime,
    runtimeVersion,
    vendor,
    architecture,
    device,
    description,
    software: isFallbackAdapter === true || softwareAdapter.test(`${architecture} ${device} ${description}`),
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(limitNames.map((name) => [name, adapter.limits[name]])),
  };
}

/**
 * Runs the session's program. Emits `adapter` first, or `no-adapter` alone; then what the program emits; then `end`,
 * or `error`.
 * @param origin  the address of the starting process's server
 * @param load  imports a program by its name
 * @returns whether all went well
 */
export async function runSession(
  runtime: RuntimeName,
  runtimeVersion: string,
  origin: string,
  load: (program: string) => Promise<{ default: Program }>,
): Promise<boolean> {
  const emit = (event: object): void => console.log(encodeEvent(event));
  try {
    const adapter = (await navigator.gpu?.requestAdapter()) ?? null;
    if (adapter === null) {
      emit({ type: "no-adapter", runtimeVersion });
      return false;
    }
    emit({ type: "adapter", adapter: describeAdapter(adapter, runtime, runtimeVersion) });

    const session = (await (await fetch(`${origin}/session`)).json()) as Session;
    const data = async (path: string): Promise<ArrayBuffer> => {
      const response = await fetch(`${origin}/data/${path}`);
      if (!response.ok) throw new Error(`data: the file ${path} must exist, got status ${response.status}.`);
      return await response.arrayBuffer();
    };
    const host: Host = { runtime, args: session.args, emit, data };
    await (await load(session.program)).default(host);
    emit({ type: "end" });
    return true;
  } catch (error) {
    emit({ type: "error", error: describeError(error) });
    return false;
  }
}
