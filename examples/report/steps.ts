/** What every experiment's program tells the process that started it when its training is over. */

import type { Engine } from "webgpu-imle";

/** The run is over. */
export interface SummaryEvent {
  readonly type: "summary";
  readonly seconds: number;
  readonly steps: number;
  /** Results that came back to the host while a training step ran, in all steps together. */
  readonly readbacksInSteps: number;
  readonly dispatchesPerStep: number;
  /** Most bytes of the device that were in use at once. */
  readonly peakBytes: number;
}

/** What the training steps of a run were, counted as they run. */
export class StepCounter {
  private steps = 0;
  private readbacks = 0;
  private dispatches = 0;

  constructor(private readonly engine: Engine) {}

  /** Runs a training step, and gives what it gives. */
  count<Result>(step: () => Result): Result {
    const before = this.engine.stats();
    const result = step();
    const after = this.engine.stats();
    this.steps++;
    this.readbacks += after.readbacks - before.readbacks;
    this.dispatches += after.dispatches - before.dispatches;
    return result;
  }

  /** @param seconds  from the start of training */
  summary(seconds: number): SummaryEvent {
    const { steps, readbacks, dispatches, engine } = this;
    return {
      type: "summary",
      seconds,
      steps,
      readbacksInSteps: readbacks,
      dispatchesPerStep: dispatches / steps,
      peakBytes: engine.memory().peakBytes,
    };
  }
}
