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
    const work = multiplyAdd(engine, engine.software ? 1 << 12 : 1 << 18);
    const run = batchesOf(engine, work.record, null);
    await run(1);
    // Long against a poll of the device, short against a row.
    const wanted = Math.max(20, 4 * fixedCost);
    let units = 4;
    for (;;) {
      const worked = (await run(units)).wall - fixedCost;
      if (worked >= wanted || units >= 1 << 12) break;
      units *= 2;
    }
    const calibration = new Calibration(run, units, work.result);
    for (let i = 0; i < 3; i++) await calibration.time();
    return calibration;
  }

  /** Milliseconds that the kernel takes now. */
  async time(): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const short = (await this.run(this.units / 4)).wall;
      const long = (await this.run(this.units)).wall;
      times.push(((long - short) / 3) * 4);
    }
    const time = median(times);
    if (time > 0) this.quickest = Math.min(this.quickest, time);
    return time;
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
  const work = multiplyAdd(engine, 64, 1);
  const run = batchesOf(engine, work.record, null);
  try {
    return await measureFixedCost(() => run(1));
  } finally {
    work.result.dispose();
  }
}
