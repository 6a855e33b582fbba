import { type Storage, usage } from "./buffers.js";
import type { Recorder } from "./capture/recorder.js";
import { ImleError, must } from "./error.js";
import type { Kernel, UniformValue } from "./kernel.js";
import type { ElementWork } from "./ops/map.js";
import type { PipelineCache } from "./pipelines.js";
import { StagingBuffers } from "./staging.js";
import { type UniformPage, Uniforms } from "./uniforms.js";

/** A range of a storage as a kernel sees it. */
export interface Slice {
  readonly storage: Storage;
  /** Bytes that hold data. */
  readonly bytes: number;
}

/** Bytes of the largest elements that kernels bind, which are blocks of eight vec4. */
export const largestElement = 128;

/** Whether a slice may be bound as whole elements of so many bytes: a pooled buffer may, a host's may end before. */
export function holdsElements({ storage, bytes }: Slice, bytesOfElement: number): boolean {
  return Math.ceil(bytes / bytesOfElement) * bytesOfElement <= storage.capacity;
}

/** Whether a slice may be bound as whole vec4. */
export const holdsVectors = (slice: Slice): boolean => holdsElements(slice, 16);

/** One dispatch: a kernel, what it reads and writes by name, its uniforms by name, and how many workgroups. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly buffers: Readonly<Record<string, Slice>>;
  readonly uniforms?: Readonly<Record<string, UniformValue>>;
  /** Workgroups, one-dimensional; more than 65,535 are folded into rows (kernels/lib/grid.wgsl). */
  readonly workgroups: number;
  /** What an elementwise kernel computes: a captured step may join several of them. */
  readonly elements?: ElementWork;
}

/** Where a copy goes: into a storage, or into a host's buffer; `offset` counts from its start. */
export type CopyTarget =
  | { readonly storage: Storage; readonly offset: number }
  | { readonly buffer: GPUBuffer; readonly offset: number };

/** Recorded work that can be submitted again and again; see engine/capture/program.ts. */
export interface Replayable {
  readonly dispatches: number;
  /** Storages that it uses, and those that it writes. */
  readonly storages: readonly Storage[];
  readonly written: readonly Storage[];
  /** The uniforms that each replay must have anew, and the buffer that begins with them; null where there are none. */
  readonly liveUniforms: { readonly buffer: GPUBuffer; readonly bytes: Uint8Array<ArrayBuffer> } | null;
  encode(encoder: GPUCommandEncoder): void;
}

/** Who is told of the driver's verdicts: null where all is well. */
export interface Verdicts {
  /** Of a submission, or of elements that the host has written: `serial` is then below 0. */
  onSubmit(serial: number, label: string, verdict: Promise<GPUError | null>): void;
  /** Of a buffer that was made for uniforms or for a read. */
  onAllocation(bytes: number, verdict: Promise<GPUError | null>): void;
}

/** Counts since the engine was made; see {@link Engine.stats}. */
export interface StatsReport {
  /** Dispatches recorded, those of replays too. */
  dispatches: number;
  /** Submissions of the engine's own; a host's are not counted. */
  submits: number;
  /** Waits for bytes from the device: `read`, `item`, `idle`. */
  readbacks: number;
  /** Pipelines compiled. */
  pipelines: number;
}

/** Dispatches that wait at most. */
const mostWaiting = 256;
/** Replays of short steps wait for others, since a submission costs as much as some ten dispatches. */
const mostWaitingReplayed = 64;
const maximumGroups = 65535;

/** Records a dispatch; what is beyond 65,535 workgroups is folded into rows. */
export function encodeDispatch(pass: GPUComputePassEncoder, workgroups: number): void {
  if (workgroups <= maximumGroups) pass.dispatchWorkgroups(workgroups);
  else pass.dispatchWorkgroups(maximumGroups, Math.ceil(workgroups / maximumGroups));
}

/**
 * Records dispatches and copies in the order of the calls, and submits them at a readback, at {@link flush}, or when
 * 256 dispatches are waiting. What the host writes never overtakes what was recorded before: a buffer
 * that the recording uses is written only after the recording has been submitted.
 */
export class Commands {
  /** The submission being recorded now. */
  serial = 1;
  readonly counts = { dispatches: 0, submits: 0, readbacks: 0 };
  /** Takes all work in the place of the device, while a step is being recorded. */
  recorder: Recorder | null = null;
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private pipeline: GPUComputePipeline | null = null;
  /** Dispatches recorded and not yet submitted. */
  private waiting = 0;
  /** Writes of the host so far; they count downwards from −1. */
  private writes = 0;
  private readonly uniforms: Uniforms;
  /** Where a dispatch's uniforms begin; Deno takes an array of numbers four times as long as a typed one. */
  private readonly offset = new Uint32Array(1);
  private readonly staging: StagingBuffers;
  /** What a host's encoder needs until the host has submitted it; null where nothing of ours waits for a host. */
  private hosted: { readonly since: number; readonly pages: UniformPage[]; isRecording: boolean } | null = null;

  constructor(
    private readonly device: GPUDevice,
    private readonly pipelines: PipelineCache,
    private readonly verdicts: Verdicts,
    /** In debug engines every dispatch is a submission of its own, so that a failure names its kernel. */
    private readonly debug: boolean,
  ) {
    const { onAllocation } = verdicts;
    this.uniforms = new Uniforms(device, onAllocation);
    this.staging = new StagingBuffers(device, onAllocation);
  }

  /** Whether recorded work waits for its host to submit it. */
  get awaitsHost(): boolean {
    return this.hosted !== null;
  }

  dispatch(work: Dispatch): void {
    if (work.workgroups === 0) return;
    if (this.recorder) return this.recorder.dispatch(work);
    this.checkHost(work.kernel.label);
    const { kernel } = work;
    const { uniforms } = this;
    if (this.waiting >= mostWaiting || !uniforms.hasRoom(kernel.uniformBytes)) this.flush();
    const { compiled, group } = this.pipelines.bind(kernel, work.buffers, uniforms.page);
    const pass = (this.pass ??= this.recording().beginComputePass());
    if (compiled.pipeline !== this.pipeline) pass.setPipeline((this.pipeline = compiled.pipeline));
    if (kernel.uniformBytes > 0) {
      const base = uniforms.take(kernel.uniformBytes);
      kernel.writeUniforms(work.uniforms ?? {}, uniforms.views, base);
      this.offset[0] = base;
      pass.setBindGroup(0, group, this.offset, 0, 1);
    } else pass.setBindGroup(0, group);
    encodeDispatch(pass, work.workgroups);
    this.counts.dispatches++;
    this.waiting++;
    for (const { name, kind } of kernel.bufferBindings) {
      const { storage } = work.buffers[name]!;
      storage.lastUse = this.serial;
      if (kind === "read_write") storage.lastWrite = this.serial;
    }
    if (this.debug && !this.hosted) this.flush(kernel.label);
  }

  /** Sets bytes to zero, in order. */
  clear(target: Slice): void {
    if (target.bytes === 0) return;
    if (this.recorder) return this.recorder.clear(target);
    this.checkHost("clear");
    this.endPass();
    this.recording().clearBuffer(target.storage.buffer, target.storage.offset, target.bytes);
    target.storage.lastUse = target.storage.lastWrite = this.serial;
  }

  /** Copies bytes on the device, in order. */
  copy(source: Slice, target: CopyTarget): void {
    if (source.bytes === 0) return;
    requireHostUsage("copy", source.storage, usage.copySource);
    if ("storage" in target) requireHostUsage("write", target.storage, usage.copyDestination);
    must(
      !("storage" in target ? source.storage.sharesBuffer(target.storage) : source.storage.isIn(target.buffer)),
      "buffer",
      () => "copy: the elements must go into another buffer than they are in, got one buffer for both",
      "WebGPU copies between buffers only: copy x.mul(1), which has a buffer of its own.",
    );
    if (this.recorder) return this.recorder.copy(source, target);
    this.checkHost("copy");
    this.endPass();
    encodeCopy(this.recording(), source, target);
    source.storage.lastUse = this.serial;
    if ("storage" in target) target.storage.lastUse = target.storage.lastWrite = this.serial;
  }

  /** Writes from the host, in order: what was recorded before still sees the old bytes. */
  upload(storage: Storage, data: ArrayBufferView<ArrayBuffer>): void {
    if (data.byteLength === 0) return;
    this.recorder?.refuse("upload", "write nothing from the host", uploadFix);
    // A host's buffer may be wrapped twice: what the other tensor has recorded is not known here.
    const { hosted } = this;
    this.checkHost("write");
    requireHostUsage("write", storage, usage.copyDestination);
    if (hosted) {
      must(
        !storage.external && storage.lastUse < hosted.since,
        "engine",
        () => "write: what engine.record has recorded must keep its tensors until it is submitted, got new elements",
        "Write before engine.record, or after engine.submitted().",
      );
    } else if (storage.external || storage.lastUse === this.serial) this.flush();
    this.device.pushErrorScope("validation");
    this.device.queue.writeBuffer(storage.buffer, storage.offset, data.buffer, data.byteOffset, data.byteLength);
    storage.lastWrite = -++this.writes; // by the queue itself: no submission that is refused takes it along
    this.verdicts.onSubmit(storage.lastWrite, "write", this.device.popErrorScope());
  }

  /** Runs `f` beside the step that is being recorded: for what is made once an engine, at its first use. */
  unrecorded<T>(f: () => T): T {
    const { recorder } = this;
    this.recorder = null;
    try {
      return f();
    } finally {
      this.recorder = recorder;
    }
  }

  /**
   * Records a step's commands once more, after what has been recorded so far. Its live uniforms come by way of this
   * submission's own, in the encoder's order, so that several replays may wait together.
   */
  replay(work: Replayable, copies: readonly (readonly [source: Slice, target: Slice])[]): void {
    const { hosted, uniforms } = this;
    this.checkHost("captured step");
    for (const [source] of copies) requireHostUsage("captured step", source.storage, usage.copySource);
    if (!hosted && this.waiting + work.dispatches > mostWaiting) this.flush();
    this.endPass();
    const { liveUniforms } = work;
    if (liveUniforms) {
      uniforms.put(
        liveUniforms.bytes,
        () => this.flush(),
        (page, base, start, length) =>
          this.recording().copyBufferToBuffer(page.buffer, base, liveUniforms.buffer, start, length),
      );
    }
    const encoder = this.recording();
    for (const [source, target] of copies) {
      encodeCopy(encoder, source, { storage: target.storage, offset: 0 });
      source.storage.lastUse = this.serial;
    }
    work.encode(encoder);
    for (const storage of work.storages) storage.lastUse = this.serial;
    for (const storage of work.written) storage.lastWrite = this.serial;
    this.counts.dispatches += work.dispatches;
    this.waiting += work.dispatches;
    if (!hosted && (this.debug || this.waiting >= mostWaitingReplayed)) this.flush("captured step");
  }

  /** Submits what has been recorded. */
  flush(label = "submit"): void {
    if (!this.encoder) return;
    this.waiting = 0;
    if (this.hosted) {
      this.uniforms.upload();
      this.hosted.pages.push(this.uniforms.turn()); // the host submits
      return;
    }
    this.endPass();
    const { encoder } = this;
    this.encoder = null;
    this.device.pushErrorScope("validation");
    this.uniforms.upload();
    this.device.queue.submit([encoder.finish()]);
    this.verdicts.onSubmit(this.serial, label, this.device.popErrorScope());
    this.counts.submits++;
    this.serial++;
  }

  /**
   * Copies ranges to the host, after everything recorded so far. One staging buffer, one wait. What is refused is thrown
   * at once; the promise rejects where the bytes do not come.
   */
  read(slices: readonly Slice[]): Promise<ArrayBuffer[]> {
    this.recorder?.refuse("read", "read nothing back", "Return the tensor from the step, and read it there.");
    must(
      !this.hosted,
      "engine",
      () => "read: what engine.record has recorded must be submitted before anything is read, got a read before",
      "Submit the encoder, call engine.submitted(), then read.",
    );
    const starts: number[] = [];
    let total = 0;
    for (const { bytes } of slices) {
      starts.push(total);
      total += Math.ceil(bytes / 16) * 16;
    }
    for (const { storage } of slices) requireHostUsage("read", storage, usage.copySource);
    const staging = this.staging.take(total);
    slices.forEach((slice, i) => this.copy(slice, { buffer: staging, offset: starts[i]! }));
    this.flush("read");
    this.counts.readbacks++;
    return this.map(staging, slices, starts);
  }

  /** @throws ImleError `device-lost` where the device goes before the bytes have come */
  private async map(staging: GPUBuffer, slices: readonly Slice[], starts: readonly number[]): Promise<ArrayBuffer[]> {
    this.device.pushErrorScope("validation"); // where it has no memory, which has been reported
    const mapping = staging.mapAsync(1);
    void this.device.popErrorScope().catch(() => undefined);
    try {
      await mapping;
    } catch (error) {
      staging.destroy();
      throw new ImleError(
        "device-lost",
        `read: the device must stay until the bytes have come, got ${error instanceof Error ? error.message : error}`,
        "Make a new engine and restore its state from a checkpoint.",
      );
    }
    const mapped = staging.getMappedRange();
    const bytes = slices.map((slice, i) => mapped.slice(starts[i]!, starts[i]! + slice.bytes));
    staging.unmap();
    this.staging.giveBack(staging);
    return bytes;
  }

  dispose(): void {
    this.uniforms.dispose();
    this.staging.dispose();
  }

  /** Records what `f` does into a host's encoder, which the host submits; see {@link Engine.record}. */
  hostedBy<T>(encoder: GPUCommandEncoder, f: () => T): T {
    if (!this.hosted) this.flush();
    const hosted = (this.hosted ??= { since: this.serial, pages: [], isRecording: true });
    hosted.isRecording = true;
    this.encoder = encoder;
    hosted.pages.push(this.uniforms.turn());
    this.device.pushErrorScope("validation");
    try {
      return f();
    } finally {
      this.endPass();
      this.uniforms.upload();
      this.uniforms.turnBack();
      this.encoder = null;
      this.waiting = 0;
      hosted.isRecording = false;
      this.verdicts.onSubmit(this.serial, "record", this.device.popErrorScope());
      this.serial++;
    }
  }

  /** The host has submitted its encoder: what it used may be used again. */
  submittedByHost(): void {
    if (this.hosted) this.uniforms.giveBack(this.hosted.pages);
    this.hosted = null;
  }

  get isHosted(): boolean {
    return this.hosted?.isRecording ?? false;
  }

  /** Throws where recorded work waits for its host, and this is no part of it. */
  checkHost(operation: string): void {
    must(
      this.hosted === null || this.hosted.isRecording,
      "engine",
      () => `${operation}: the host must have submitted what engine.record has recorded, got other work before`,
      "Submit the encoder and call engine.submitted(); or record this work with engine.record too.",
    );
  }

  private recording(): GPUCommandEncoder {
    return (this.encoder ??= this.device.createCommandEncoder());
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = null;
    this.pipeline = null;
  }
}

/** Throws where a host's buffer lacks what a copy needs; the pool's have it. */
function requireHostUsage(operation: string, storage: Storage, bit: number): void {
  const name = bit === usage.copySource ? "COPY_SRC" : "COPY_DST";
  must(
    (storage.usage & bit) !== 0,
    "buffer",
    () => `${operation}: a wrapped buffer must have the usage ${name}, got usage ${storage.usage}`,
    `Create it with GPUBufferUsage.${name} as well.`,
  );
}

/** What to do instead of an upload in a captured step. */
export const uploadFix = "Make the tensor before the step, and pass it as an argument or write() into it between the steps.";

/** Records a copy on the device. */
export function encodeCopy(encoder: GPUCommandEncoder, { storage, bytes }: Slice, target: CopyTarget): void {
  const [buffer, offset] =
    "storage" in target ? [target.storage.buffer, target.storage.offset + target.offset] : [target.buffer, target.offset];
  encoder.copyBufferToBuffer(storage.buffer, storage.offset, buffer, offset, bytes);
}
