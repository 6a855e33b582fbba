import { allocateBuffer, usage } from "./buffers.js";
import type { UniformViews } from "./kernel.js";

/** Uniforms of a dispatch begin at a multiple of this, WebGPU's default alignment. */
const uniformStep = 256;
const pageBytes = 256 * uniformStep;

/** A buffer of uniforms, which one submission fills. */
export interface UniformPage {
  readonly id: number;
  readonly buffer: GPUBuffer;
}

/** The bytes of uniforms as kernels write them. */
export function uniformViewsOf(bytes: ArrayBuffer): UniformViews {
  return { u32: new Uint32Array(bytes), i32: new Int32Array(bytes), f32: new Float32Array(bytes) };
}

/** Bytes that uniforms take in a page. */
export function uniformBytesOf(bytes: number): number {
  return Math.ceil(bytes / uniformStep) * uniformStep;
}

/** The uniforms of what is being recorded: gathered on the host, and uploaded in one piece when that is submitted. */
export class Uniforms {
  /** Where what is being recorded will find them. */
  page: UniformPage;
  readonly views: UniformViews;
  private readonly bytes = new Uint8Array(pageBytes);
  private used = 0;
  private made = 0;
  private readonly own: UniformPage;
  /** Pages for encoders of a host, which has submitted those that used them. */
  private readonly free: UniformPage[] = [];

  constructor(
    private readonly device: GPUDevice,
    /** Told of every page that is made, with the driver's verdict on it. */
    private readonly onAllocation: (bytes: number, verdict: Promise<GPUError | null>) => void,
  ) {
    this.views = uniformViewsOf(this.bytes.buffer);
    this.page = this.own = this.create();
  }

  hasRoom(bytes: number): boolean {
    return this.used + bytes <= pageBytes;
  }

  /** Where the next `bytes` begin; there must be room for them. */
  take(bytes: number): number {
    const base = this.used;
    this.used += uniformBytesOf(bytes);
    return base;
  }

  /** Copies bytes in, in pieces for which `makeRoom` clears the page; `use` is told where each piece lies. */
  put(
    bytes: Uint8Array<ArrayBuffer>,
    makeRoom: () => void,
    use: (page: UniformPage, base: number, start: number, length: number) => void,
  ): void {
    for (let start = 0; start < bytes.length; start += pageBytes) {
      const piece = bytes.subarray(start, start + pageBytes);
      if (!this.hasRoom(piece.length)) makeRoom();
      const base = this.take(piece.length);
      this.bytes.set(piece, base);
      use(this.page, base, start, piece.length);
    }
  }

  /** Writes what was taken to the page, which is then empty for the next submission. */
  upload(): void {
    if (this.used > 0) this.device.queue.writeBuffer(this.page.buffer, 0, this.bytes, 0, this.used);
    this.used = 0;
  }

  /** Goes on in a page that nobody else uses until it is given back. */
  turn(): UniformPage {
    return (this.page = this.free.pop() ?? this.create());
  }

  /** Goes on in the page of the engine's own submissions. */
  turnBack(): void {
    this.page = this.own;
  }

  giveBack(pages: readonly UniformPage[]): void {
    this.free.push(...pages);
  }

  /** Destroys the pages, save those that a host's encoder still needs. */
  dispose(): void {
    for (const { buffer } of [this.own, ...this.free]) buffer.destroy();
  }

  private create(): UniformPage {
    const bits = usage.uniform | usage.copySource | usage.copyDestination;
    const { buffer, verdict } = allocateBuffer(this.device, { label: "uniforms", size: pageBytes, usage: bits });
    this.onAllocation(pageBytes, verdict);
    return { id: this.made++, buffer };
  }
}
