/** Batches of work on an engine: wall time, the part of JavaScript, and the device's timestamps where it has them. */

import type { Engine } from "webgpu-imle";
import type { Batch, RunBatch } from "./measure.js";

/** Runs units on this engine; what a unit makes is freed after it. */
export function batchesOf(engine: Engine, unit: () => void, timestamps: Timestamps | null): RunBatch {
  return async (units): Promise<Batch> => {
    timestamps?.begin();
    const started = performance.now();
    for (let i = 0; i < units; i++) engine.scope(unit);
    engine.flush();
    const recorded = performance.now();
    timestamps?.end();
    // Both at once: where the runtime polls, one after the other is two waits.
    const [device, ended] = await Promise.all([
      timestamps?.read() ?? null,
      engine.idle().then(() => performance.now()),
    ]);
    return { wall: ended - started, recording: recorded - started, device };
  };
}

const mapRead = 0x1;
const copySource = 0x4;
const copyDestination = 0x8;
const queryResolve = 0x200;

/**
 * The device's clock before and after what is submitted between {@link begin} and {@link end}: two empty passes, since
 * that needs nothing of whoever records the work. It counts gaps between submissions as well.
 */
export class Timestamps {
  private readonly queries: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private readonly staging: GPUBuffer;

  /** Null where the device has no timestamps. */
  static of(device: GPUDevice): Timestamps | null {
    return device.features.has("timestamp-query") ? new Timestamps(device) : null;
  }

  private constructor(private readonly device: GPUDevice) {
    this.queries = device.createQuerySet({ type: "timestamp", count: 2 });
    this.resolved = device.createBuffer({ size: 16, usage: queryResolve | copySource });
    this.staging = device.createBuffer({ size: 16, usage: mapRead | copyDestination });
  }

  begin(): void {
    const encoder = this.device.createCommandEncoder();
    encoder.beginComputePass({ timestampWrites: { querySet: this.queries, beginningOfPassWriteIndex: 0 } }).end();
    this.device.queue.submit([encoder.finish()]);
  }

  /** After everything else has been submitted. */
  end(): void {
    const encoder = this.device.createCommandEncoder();
    encoder.beginComputePass({ timestampWrites: { querySet: this.queries, endOfPassWriteIndex: 1 } }).end();
    encoder.resolveQuerySet(this.queries, 0, 2, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, 16);
    this.device.queue.submit([encoder.finish()]);
  }

  /** Milliseconds from begin to end; null where the device gave no sensible times. */
  async read(): Promise<number | null> {
    await this.staging.mapAsync(1);
    const [begin, end] = new BigUint64Array(this.staging.getMappedRange().slice(0)) as unknown as [bigint, bigint];
    this.staging.unmap();
    return end > begin ? Number(end - begin) / 1e6 : null;
  }

  dispose(): void {
    this.queries.destroy();
    this.resolved.destroy();
    this.staging.destroy();
  }
}
