/** Tells when the machine was busy with something else: one kernel, always the same, timed again and again. */

import type { Engine, Tensor } from "webgpu-imle";
import { batchesOf, type Timestamps } from "./batches.js";
import { multiplyAdd } from "./kernels.js";
import { type Batch, type Calibrator, measureFixedCost, type RunBatch } from "./measure.js";
import { leastOf } from "./ratio.js";

/** From here on a row counts as measured on a busy machine. */
export const busyFrom = 1.25;

// Fills every core for milliseconds: a shorter dispatch may end before a second core has begun, and so not tell that
// somebody else has it.
const lanesFor = ({ software }: Engine): number => (software ? 1 << 14 : 1 << 17);

export class Calibration implements Calibrator {
  /** Of the whole run. */
  private readonly times: number[] = [];

  private constructor(
    private readonly run: RunBatch,
    private readonly fixedCost: number,
    private readonly units: number,
    private readonly scratch: Tensor,
  ) {}

  /**
   * @param fixedCost  milliseconds that a batch takes with next to nothing in it
   * @param timestamps  the device's clock, where it has one
   */
  static async create(engine: Engine, fixedCost: number, timestamps: Timestamps | null): Promise<Calibration> {
    const work = multiplyAdd(engine, lanesFor(engine), 16, 8);
    const run = batchesOf(engine, work.record, timestamps);
    await run(1);
    // Where there are no timestamps, long against a poll of the device.
    const wanted = timestamps === null ? Math.max(30, 4 * fixedCost) : 10;
    let units = 2;
    while (units < 1 << 12 && timeOf(await run(units), fixedCost) < wanted) units *= 2;
    const calibration = new Calibration(run, fixedCost, units, work.result);
    for (let i = 0; i < 3; i++) await calibration.time();
    return calibration;
  }

  /** Milliseconds that one kernel takes now. */
  async time(): Promise<number> {
    // Lengths differ, so that what a poll rounds up falls anywhere.
    const units = this.units + Math.floor((Math.random() * this.units) / 4);
    const time = timeOf(await this.run(units), this.fixedCost) / units;
    this.times.push(time);
    return time;
  }

  /** Milliseconds that it takes in the quiet moments of the run. */
  quiet(): number {
    return leastOf(this.times);
  }

  dispose(): void {
    this.scratch.dispose();
  }
}

const timeOf = ({ device, wall }: Batch, fixedCost: number): number =>
  device ?? Math.max(wall - fixedCost, wall / 2);

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
