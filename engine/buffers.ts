import { ImleError, must } from "./error.js";
import { HighWater } from "./high-water.js";
import type { BoundGroup } from "./pipelines.js";

/** WebGPU's usage bits; the globals are missing where the library is only imported. */
export const usage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyDestination: 0x8,
  uniform: 0x40,
  storage: 0x80,
} as const;

const tensorUsage = usage.storage | usage.copySource | usage.copyDestination;

/** Bytes of the device that tensors share: one GPUBuffer, or a range of a host's. Freed when nothing refers to it. */
export class Storage {
  private static made = 0;
  readonly id = ++Storage.made;
  /** How many tensors and tape nodes hold it. */
  references = 1;
  /**
   * The submission that used it last; while that one is being recorded, the buffer must not be written from the host.
   */
  lastUse = 0;
  /**
   * The submission that wrote it last, or the number of the host's write, below 0: when the driver refuses that one,
   * what is in here is not to be trusted.
   */
  lastWrite = 0;
  /** Cached bind groups that name it. */
  readonly boundIn = new Set<BoundGroup>();

  private placed: GPUBuffer | null;

  constructor(
    buffer: GPUBuffer | null,
    readonly offset: number,
    /** Bytes that may be bound, a multiple of 4; the pool's are a multiple of 256. */
    readonly capacity: number,
    readonly usage: number,
    /** A host's buffer: used, never pooled or destroyed. */
    readonly external: boolean,
  ) {
    this.placed = buffer;
  }

  /** False for what a step uses that is only being recorded: its buffers are given out when the record is whole. */
  get isPlaced(): boolean {
    return this.placed !== null;
  }

  get buffer(): GPUBuffer {
    must(
      this.placed !== null,
      "engine",
      () => "gpu: a tensor made in a captured step must be used by the library alone, got a request for its buffer",
      "Return the tensor from the step, and take its buffer then; or copy it with copyTo.",
    );
    return this.placed;
  }

  /** Whether it lies in this GPUBuffer. */
  isIn(buffer: GPUBuffer): boolean {
    return this.placed === buffer;
  }

  /** Whether both lie in one GPUBuffer, as two wraps of a host's may. */
  sharesBuffer(other: Storage): boolean {
    return other === this || (this.placed !== null && other.isIn(this.placed));
  }

  place(buffer: GPUBuffer, lastUse: number): void {
    this.placed = buffer;
    this.lastUse = lastUse;
  }
}

/**
 * What {@link Engine.memory} reports: bytes of whole buffers, as the driver sees them. A host's buffers are not
 * counted.
 */
export interface MemoryReport {
  /** Buffers that tensors hold now. */
  liveBuffers: number;
  /** Their bytes. */
  liveBytes: number;
  /** Bytes kept for reuse, at most 512 MiB. */
  pooledBytes: number;
  /** The most live bytes since the engine was made, or since {@link Engine.resetPeakMemory}. */
  peakLiveBytes: number;
  /** The largest sum of live and pooled bytes since then: what the driver has had to give. Refused memory is no part. */
  peakBytes: number;
}

/** Free buffers beyond this many bytes are given back to the driver. */
const pooledBytesKept = 1 << 29;

/**
 * Keeps freed buffers for reuse. Sizes are rounded up to four steps an octave, so that at most a quarter is wasted
 * and a training loop finds its own buffers again.
 */
export class BufferPool {
  private readonly free = new Map<string, Storage[]>();
  private liveBuffers = 0;
  private liveBytes = 0;
  private pooledBytes = 0;
  private readonly peakLive = new HighWater();
  private readonly peak = new HighWater();
  private held: Storage[] | null = null;
  /** All that there are, free ones too. */
  private readonly buffers = new Set<GPUBuffer>();
  /** Buffers that the driver had no memory for, and what it said. */
  private readonly refused = new Map<GPUBuffer, ImleError>();
  /** Bytes that the adapter binds at once. */
  private readonly limit: number;

  constructor(
    private readonly device: GPUDevice,
    /** Told of every allocation: `refuse` is called where the driver had no memory for it. */
    private readonly onAllocation: (
      bytes: number,
      verdict: Promise<GPUError | null>,
      refuse: (error: ImleError) => void,
    ) => void,
    private readonly onDestroy: (storage: Storage) => void,
    /** Whether the driver refused the latest work with a storage: its buffer may be one that a host has destroyed. */
    private readonly isSuspect: (storage: Storage) => boolean,
  ) {
    this.limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  }

  /**
   * A buffer of at least `bytes`; what is in it is left over from earlier use.
   * With `quietSince`, one that no submission from that serial on has used, so that the host may write it at once.
   */
  acquire(operation: string, bytes: number, extraUsage = 0, quietSince = Infinity): Storage {
    const capacity = this.capacityFor(operation, bytes);
    const bits = tensorUsage | extraUsage;
    const storage = this.takeFree(capacity, bits, quietSince);
    if (!storage) {
      const made = new Storage(null, 0, capacity, bits, false);
      this.allocate(made);
      return made;
    }
    storage.references = 1;
    storage.lastWrite = 0; // a new life: what a refused submission wrote is nobody's
    this.countLive(storage, 1);
    return storage;
  }

  /** A storage like one of {@link acquire}, whose buffer comes with {@link place}. */
  reserve(operation: string, bytes: number, extraUsage = 0): Storage {
    return new Storage(null, 0, this.capacityFor(operation, bytes), tensorUsage | extraUsage, false);
  }

  /** Gives a reserved storage its buffer: a free one where there is one. */
  place(storage: Storage): void {
    const free = this.takeFree(storage.capacity, storage.usage, Infinity);
    if (!free) return this.allocate(storage);
    this.onDestroy(free);
    storage.place(free.buffer, free.lastUse);
    this.countLive(storage, 1);
  }

  /** Throws where so many bytes are more than the adapter binds at once. */
  requireFit(operation: string, bytes: number): void {
    const { limit } = this;
    must(
      bytes <= limit,
      "limit",
      () => `${operation}: a tensor must fit the adapter's limit of ${limit} bytes a storage binding, got ${bytes}`,
      "Split the work into smaller tensors, or use an adapter with a larger maxStorageBufferBindingSize.",
    );
  }

  /** One holder fewer; the last one returns the buffer to the pool. */
  release(storage: Storage, currentSerial: number): void {
    if (--storage.references > 0 || !storage.isPlaced) return;
    if (this.held) {
      this.held.push(storage);
      return;
    }
    this.giveBack(storage, currentSerial);
  }

  /** From now on what is released waits until {@link resume}: recorded work that a host will submit may use it. */
  hold(): void {
    this.held ??= [];
  }

  resume(currentSerial: number): void {
    const held = this.held ?? [];
    this.held = null;
    for (const storage of held) this.giveBack(storage, currentSerial);
  }

  /** Why the driver gave a storage no memory; undefined where it did. */
  refusal(storage: Storage): ImleError | undefined {
    return this.refused.size > 0 && storage.isPlaced ? this.refused.get(storage.buffer) : undefined;
  }

  private giveBack(storage: Storage, currentSerial: number): void {
    if (storage.external || this.refusal(storage)) {
      this.onDestroy(storage);
      this.refused.delete(storage.buffer);
      return;
    }
    this.countLive(storage, -1);
    const isTooMuch = this.pooledBytes + storage.capacity > pooledBytesKept && storage.lastUse < currentSerial;
    if (isTooMuch || this.isSuspect(storage)) {
      this.destroy(storage);
      return;
    }
    this.pooledBytes += storage.capacity;
    const key = poolKey(storage.capacity, storage.usage);
    const waiting = this.free.get(key);
    if (waiting) waiting.push(storage);
    else this.free.set(key, [storage]);
  }

  report(): MemoryReport {
    const { liveBuffers, liveBytes, pooledBytes, peakLive, peak } = this;
    return { liveBuffers, liveBytes, pooledBytes, peakLiveBytes: peakLive.most, peakBytes: peak.most };
  }

  /** From now on the peaks are what has been reached since. */
  resetPeaks(): void {
    this.peakLive.reset(this.liveBytes);
    this.peak.reset(this.liveBytes + this.pooledBytes);
  }

  /** Destroys all buffers; or none, where recorded work waits for a host that may yet submit it: they go with it. */
  dispose(hostWaits: boolean): void {
    if (!hostWaits) for (const buffer of this.buffers) buffer.destroy();
    this.buffers.clear();
    this.refused.clear();
    this.free.clear();
    this.liveBuffers = this.liveBytes = this.pooledBytes = 0;
  }

  /** The bytes of a buffer that holds so many; throws where the adapter has none so large. */
  private capacityFor(operation: string, bytes: number): number {
    this.requireFit(operation, bytes);
    return Math.min(roundUp(bytes), this.limit);
  }

  private takeFree(capacity: number, bits: number, quietSince: number): Storage | undefined {
    const waiting = this.free.get(poolKey(capacity, bits)) ?? [];
    while (true) {
      const index = findLastIndex(waiting, (storage) => storage.lastUse < quietSince);
      if (index < 0) return undefined;
      const [storage] = waiting.splice(index, 1) as [Storage];
      this.pooledBytes -= storage.capacity;
      if (!this.isSuspect(storage)) return storage;
      this.destroy(storage);
    }
  }

  private allocate(storage: Storage): void {
    const { capacity } = storage;
    const { buffer, verdict } = allocateBuffer(this.device, { size: capacity, usage: storage.usage });
    this.buffers.add(buffer);
    storage.place(buffer, 0);
    for (const peak of [this.peakLive, this.peak]) peak.allocate(buffer, capacity, verdict);
    this.countLive(storage, 1);
    this.onAllocation(capacity, verdict, (error) => this.refuse(buffer, storage, error));
  }

  /** What has no memory holds none: it is neither live from now on nor used again. */
  private refuse(buffer: GPUBuffer, storage: Storage, error: ImleError): void {
    if (!this.buffers.delete(buffer)) return;
    const waiting = this.free.get(poolKey(storage.capacity, storage.usage));
    const index = waiting?.findIndex((free) => free.buffer === buffer) ?? -1;
    if (index >= 0) {
      waiting!.splice(index, 1);
      this.pooledBytes -= storage.capacity;
      return;
    }
    this.refused.set(buffer, error);
    this.countLive(storage, -1);
  }

  private destroy(storage: Storage): void {
    this.onDestroy(storage);
    this.buffers.delete(storage.buffer);
    this.peak.leave(storage.buffer);
    storage.buffer.destroy();
  }

  private countLive(storage: Storage, sign: 1 | -1): void {
    this.liveBuffers += sign;
    this.liveBytes += sign * storage.capacity;
    if (sign > 0) this.peakLive.enter(storage.buffer);
    else this.peakLive.leave(storage.buffer);
    this.peakLive.reach(this.liveBytes);
    this.peak.reach(this.liveBytes + this.pooledBytes);
  }
}

/** A buffer, and what the driver says of it later: null where it has the memory. */
export function allocateBuffer(
  device: GPUDevice,
  descriptor: GPUBufferDescriptor,
): { buffer: GPUBuffer; verdict: Promise<GPUError | null> } {
  device.pushErrorScope("out-of-memory");
  try {
    return { buffer: device.createBuffer(descriptor), verdict: device.popErrorScope() };
  } catch (error) {
    void device.popErrorScope();
    throw shortage(descriptor.size, String(error));
  }
}

/** The error of an allocation that was refused. */
export function shortage(bytes: number, said: string): ImleError {
  return new ImleError(
    "limit",
    `memory: the device must have room for ${bytes} bytes, got ${said}`,
    "Free tensors (engine.scope, dispose), or work on smaller batches.",
  );
}

function poolKey(capacity: number, bits: number): string {
  return `${capacity}:${bits}`;
}

/** The next of four steps an octave, a multiple of 256. */
function roundUp(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(bytes - 1)) - 2));
  return Math.ceil(bytes / step) * step;
}

function findLastIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  for (let i = items.length - 1; i >= 0; i--) if (holds(items[i]!)) return i;
  return -1;
}
