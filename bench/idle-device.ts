/** A device that does nothing: what an engine on it takes is the library's own JavaScript, without WebGPU's calls. */

import { Engine, requiredLimits } from "webgpu-imle";

const nothing = (): void => undefined;
const object = (): object => ({});

/** An engine whose dispatches go nowhere: all that is read from it is 0. */
export function idleEngine(): Engine {
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = {
    ...{ beginComputePass: () => pass, copyBufferToBuffer: nothing, clearBuffer: nothing, finish: object },
  };
  const device = {
    limits: { ...requiredLimits, maxBufferSize: 2 ** 28 },
    features: new Set<string>(),
    lost: new Promise(nothing),
    adapterInfo: { isFallbackAdapter: true },
    queue: { submit: nothing, writeBuffer: nothing, onSubmittedWorkDone: async () => undefined },
    createBuffer: ({ size, usage }: GPUBufferDescriptor) => ({
      ...{ size, usage, destroy: nothing, unmap: nothing },
      ...{ mapAsync: async () => undefined, getMappedRange: () => new ArrayBuffer(size) },
    }),
    ...{ createBindGroup: object, createBindGroupLayout: object, createPipelineLayout: object },
    ...{ createShaderModule: object, createComputePipeline: object, createCommandEncoder: () => encoder },
    ...{ pushErrorScope: nothing, popErrorScope: async () => null, destroy: nothing },
  };
  return Engine.from(device as unknown as GPUDevice);
}
