import { allocateBuffer, usage } from "./buffers.js";

/** Buffers through which bytes come to the host, kept for the next readback. */
export class StagingBuffers {
  private readonly free = new Map<number, GPUBuffer[]>();

  private isDisposed = false;

  constructor(
    private readonly device: GPUDevice,
    /** Told of every buffer that is made, with the driver's verdict on it. */
    private readonly onAllocation: (bytes: number, verdict: Promise<GPUError | null>) => void,
  ) {}

  /** One of at least so many bytes: the next power of two. */
  take(bytes: number): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 256)));
    const waiting = this.free.get(size)?.pop();
    if (waiting) return waiting;
    const bits = usage.mapRead | usage.copyDestination;
    const { buffer, verdict } = allocateBuffer(this.device, { label: "staging", size, usage: bits });
    this.onAllocation(size, verdict);
    return buffer;
  }

  giveBack(buffer: GPUBuffer): void {
    const waiting = this.free.get(buffer.size);
    if (this.isDisposed) buffer.destroy();
    else if (waiting) waiting.push(buffer);
    else this.free.set(buffer.size, [buffer]);
  }

  dispose(): void {
    this.isDisposed = true;
    for (const waiting of this.free.values()) for (const buffer of waiting) buffer.destroy();
    this.free.clear();
  }
}
