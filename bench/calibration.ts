/** Tells when the machine was busy with something else: one kernel, always the same, timed again and again. */

import type { Engine, Tensor } from "webgpu-imle";
import { batchesOf } from "./batches.js";
import { multiplyAdd } from "./kernels.js";
import { type Batch, measureFixedCost } from "./measure.js";
import { median } from "./statistics.js";

/** From here on a row counts as measured on a busy machine. */
export const busyFrom = 1.25;

export class Calibration {
  private quickest = Infinity;

  private constructor(
    private readonly run: (units: number) => Promise<Batch>,
    private readonly units: number,
    private readonly scratch: Tensor,
  ) {}

  /** @param fixedCost  milliseconds that a batch takes with next to nothing in it */
  static async create(engine: Engine, fixedCost: number): Promise<Calibration> {
    const work = multiplyAdd(engine, engine.software ? 1 << 11 : 1 << 17, 16, 8);
    const run = batchesOf(engine, work.record, null);
    await run(1);
    // Long against a poll of the device, which is left in: what counts is the ratio of two such times.
    const wanted = Math.max(30, 8 * fixedCost);
    let units = 1;
    while (units < 1 << 12 && (await run(units)).wall < wanted) units *= 2;
    const calibration = new Calibration(run, units, work.result);
    for (let i = 0; i < 3; i++) await calibration.time();
    return calibration;
  }

  /** Milliseconds that the kernel takes now. */
  async time(): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) times.push((await this.run(this.units)).wall);
    this.quickest = Math.min(this.quickest, ...times);
    return median(times);
  }

  /** Milliseconds of one kernel, of a time of {@link time}: such compare between runs. */
  each(time: number): number {
    return time / this.units;
  }

  /** How busy the machine was while the kernel took so long, as a multiple of its quickest. */
  busy(...times: readonly number[]): number {
    return Math.max(...times) / this.quickest;
  }

  dispose(): void {
    this.scratch.dispose();
  }
}

/** A batch with one dispatch of hardly any work. */
export async function fixedCostOf(engine: Engine): Promise<number> {
  const work = multiplyAdd(engine, 64, 1, 8);
  const run = batchesOf(engine, work.record, null);
  try {
    return await measureFixedCost(() => run(1));
  } finally {
    work.result.dispose();
  }
}
