import { usage } from "./buffers.js";

/** Buffers through which bytes come to the host, kept for the next readback. */
export class StagingBuffers {
  private readonly free = new Map<number, GPUBuffer[]>();

  constructor(private readonly device: GPUDevice) {}

  /** One of at least so many bytes: the next power of two. */
  take(bytes: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 256)));
    const waiting = this.free.get(size)?.pop();
    return waiting ?? this.device.createBuffer({ label: "staging", size, usage: usage.mapRead | usage.copyDestination });
  }

  giveBack(buffer: GPUBuffer): void {
    const waiting = this.free.get(buffer.size);
    if (waiting) waiting.push(buffer);
    else this.free.set(buffer.size, [buffer]);
  }

  dispose(): void {
    for (const waiting of this.free.values()) for (const buffer of waiting) buffer.destroy();
    this.free.clear();
  }
}
