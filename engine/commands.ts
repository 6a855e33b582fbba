import { type Storage, usage } from "./buffers.js";
import { ImleError } from "./error.js";
import type { Kernel, UniformValue } from "./kernel.js";
import type { PipelineCache } from "./pipelines.js";

/** A range of a storage as a kernel sees it. */
export interface Slice {
  readonly storage: Storage;
  /** Bytes that hold data. */
  readonly bytes: number;
}

/** Whether a slice may be bound as whole vec4: pooled buffers may, a host's may end at its last element. */
export function holdsVectors({ storage, bytes }: Slice): boolean {
  return Math.ceil(bytes / 16) * 16 <= storage.capacity;
}

/** One dispatch: a kernel, what it reads and writes by name, its uniforms by name, and how many workgroups. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly buffers: Readonly<Record<string, Slice>>;
  readonly uniforms?: Readonly<Record<string, UniformValue>>;
  /** Workgroups, one-dimensional; more than 65,535 are folded into rows (kernels/lib/grid.wgsl). */
  readonly workgroups: number;
}

/** Counts since the engine was made; see {@link Engine.stats}. */
export interface StatsReport {
  dispatches: number;
  submits: number;
  readbacks: number;
  /** Pipelines compiled. */
  pipelines: number;
}

const uniformStep = 256;
const uniformSlots = 256;
const mostWaiting = 256;
const maximumGroups = 65535;

/**
 * Records dispatches and copies in the order of the calls, and submits them at a readback, at {@link flush}, or when
 * 256 dispatches are waiting. What the host writes never overtakes what was recorded before: a buffer
 * that the recording uses is written only after the recording has been submitted.
 */
export class Commands {
  /** The submission being recorded now. */
  serial = 1;
  readonly counts = { dispatches: 0, submits: 0, readbacks: 0 };
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private pipeline: GPUComputePipeline | null = null;
  private readonly uniformBuffer: GPUBuffer;
  private readonly uniformBytes = new ArrayBuffer(uniformStep * uniformSlots);
  private readonly uniformViews = {
    u32: new Uint32Array(this.uniformBytes),
    i32: new Int32Array(this.uniformBytes),
    f32: new Float32Array(this.uniformBytes),
  };
  private uniformsUsed = 0;
  /** Dispatches recorded and not yet submitted. */
  private waiting = 0;
  private readonly stagingBuffers = new Map<number, GPUBuffer[]>();

  constructor(
    private readonly device: GPUDevice,
    private readonly pipelines: PipelineCache,
    /** Told of every submission, with the driver's verdict on it. */
    private readonly onSubmit: (serial: number, verdict: Promise<GPUError | null>, label: string) => void,
    /** In debug engines every dispatch is a submission of its own, so that a failure names its kernel. */
    private readonly debug: boolean,
  ) {
    this.uniformBuffer = device.createBuffer({
      label: "uniforms",
      size: uniformStep * uniformSlots,
      usage: usage.uniform | usage.copyDestination,
    });
  }

  dispatch(work: Dispatch): void {
    if (work.workgroups === 0) return;
    const { kernel } = work;
    const slotsNeeded = Math.ceil(kernel.uniformBytes / uniformStep);
    if (this.waiting === mostWaiting || this.uniformsUsed + slotsNeeded > uniformSlots) this.flush();
    const offsets: number[] = [];
    if (kernel.uniformBytes > 0) {
      const base = this.uniformsUsed * uniformStep;
      kernel.writeUniforms(work.uniforms ?? {}, this.uniformViews, base);
      this.uniformsUsed += slotsNeeded;
      offsets.push(base);
    }
    const { pipeline, group } = this.pipelines.bind(kernel, work.buffers, this.uniformBuffer);
    const pass = (this.pass ??= this.recording().beginComputePass());
    if (pipeline !== this.pipeline) pass.setPipeline((this.pipeline = pipeline));
    pass.setBindGroup(0, group, offsets);
    const rows = Math.ceil(work.workgroups / maximumGroups);
    if (rows === 1) pass.dispatchWorkgroups(work.workgroups);
    else pass.dispatchWorkgroups(maximumGroups, rows);
    this.counts.dispatches++;
    this.waiting++;
    for (const binding of kernel.bindings) {
      if (binding.kind === "uniforms") continue;
      const { storage } = work.buffers[binding.name]!;
      storage.lastUse = this.serial;
      if (binding.kind === "read_write") storage.lastWrite = this.serial;
    }
    if (this.debug) this.flush(kernel.label);
  }

  /** Sets bytes to zero, in order. */
  clear(target: Slice): void {
    if (target.bytes === 0) return;
    this.endPass();
    this.recording().clearBuffer(target.storage.buffer, target.storage.offset, target.bytes);
    target.storage.lastUse = target.storage.lastWrite = this.serial;
  }

  /** Copies bytes on the device, in order. */
  copy(source: Slice, target: { buffer: GPUBuffer; offset: number; storage?: Storage }): void {
    if (source.bytes === 0) return;
    this.endPass();
    const { storage, bytes } = source;
    this.recording().copyBufferToBuffer(storage.buffer, storage.offset, target.buffer, target.offset, bytes);
    storage.lastUse = this.serial;
    if (target.storage) target.storage.lastUse = target.storage.lastWrite = this.serial;
  }

  /** Writes from the host, in order: what was recorded before still sees the old bytes. */
  upload(storage: Storage, data: ArrayBufferView<ArrayBuffer>): void {
    if (data.byteLength === 0) return;
    // A host's buffer may be wrapped twice: what the other tensor has recorded is not known here.
    if (storage.external || storage.lastUse === this.serial) this.flush();
    this.device.queue.writeBuffer(storage.buffer, storage.offset, data.buffer, data.byteOffset, data.byteLength);
    storage.lastWrite = this.serial;
  }

  /** Submits what has been recorded. */
  flush(label = "submit"): void {
    if (!this.encoder) return;
    this.endPass();
    const { encoder } = this;
    this.encoder = null;
    this.waiting = 0;
    if (this.uniformsUsed > 0) {
      this.device.queue.writeBuffer(this.uniformBuffer, 0, this.uniformBytes, 0, this.uniformsUsed * uniformStep);
      this.uniformsUsed = 0;
    }
    this.device.pushErrorScope("validation");
    this.device.queue.submit([encoder.finish()]);
    this.onSubmit(this.serial, this.device.popErrorScope(), label);
    this.counts.submits++;
    this.serial++;
  }

  /**
   * Copies ranges to the host, after everything recorded so far. One staging buffer, one wait.
   * @throws ImleError `device-lost` where the device goes before the bytes have come
   */
  async read(slices: readonly Slice[]): Promise<ArrayBuffer[]> {
    const starts: number[] = [];
    let total = 0;
    for (const { bytes } of slices) {
      starts.push(total);
      total += Math.ceil(bytes / 16) * 16;
    }
    const size = 2 ** Math.ceil(Math.log2(Math.max(total, 256)));
    const staging = this.stagingBuffers.get(size)?.pop() ?? this.createStaging(size);
    slices.forEach((slice, i) => this.copy(slice, { buffer: staging, offset: starts[i]! }));
    this.flush("read");
    this.counts.readbacks++;
    try {
      await staging.mapAsync(1, 0, size);
    } catch (error) {
      staging.destroy();
      throw new ImleError(
        "device-lost",
        `read: the device must stay until the bytes have come, got ${error instanceof Error ? error.message : error}`,
        "Make a new engine and restore its state from a checkpoint.",
      );
    }
    const mapped = staging.getMappedRange(0, size);
    const bytes = slices.map((slice, i) => mapped.slice(starts[i]!, starts[i]! + slice.bytes));
    staging.unmap();
    const waiting = this.stagingBuffers.get(size);
    if (waiting) waiting.push(staging);
    else this.stagingBuffers.set(size, [staging]);
    return bytes;
  }

  dispose(): void {
    this.uniformBuffer.destroy();
    for (const waiting of this.stagingBuffers.values()) for (const buffer of waiting) buffer.destroy();
    this.stagingBuffers.clear();
  }

  private recording(): GPUCommandEncoder {
    return (this.encoder ??= this.device.createCommandEncoder());
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = null;
    this.pipeline = null;
  }

  private createStaging(size: number): GPUBuffer {
    return this.device.createBuffer({ label: "staging", size, usage: usage.mapRead | usage.copyDestination });
  }
}
