import { shortage } from "./buffers.js";
import { ImleError } from "./error.js";

/**
 * What the driver says of the work that it was given, later than the calls that gave it: refused submissions and
 * allocations, kernels that do not compile. Errors wait here for the next `read`, `item` or `idle`.
 */
export class Faults {
  /** Submissions, and writes of the host, that the driver refused, and why: what they wrote is not to be trusted. */
  private readonly refused = new Map<number, ImleError>();
  private readonly waiting: ImleError[] = [];
  private readonly verdicts = new Set<Promise<void>>();

  /** Why the driver refused a submission or a write; undefined where it did not. */
  refusal(serial: number): ImleError | undefined {
    return this.refused.size > 0 ? this.refused.get(serial) : undefined;
  }

  watchCompilation(verdict: Promise<ImleError | null>): void {
    this.await(verdict.then((error) => error && this.waiting.push(error)));
  }

  watchSubmission(serial: number, label: string, verdict: Promise<GPUError | null>): void {
    this.await(verdict.then((error) => error && this.refused.set(serial, this.refuse(label, error))));
  }

  watchAllocation(bytes: number, verdict: Promise<GPUError | null>, onRefused?: (error: ImleError) => void): void {
    const refuse = (error: GPUError): void => {
      const refusal = shortage(bytes, error.message);
      this.waiting.push(refusal);
      onRefused?.(refusal);
    };
    this.await(verdict.then((error) => error && refuse(error)));
  }

  /** Waits for all verdicts, then takes what has been reported, the cause first; null where all is well. */
  async settle(reported: ImleError | null): Promise<ImleError | null> {
    await Promise.all(this.verdicts);
    if (reported) this.waiting.push(reported);
    // A kernel that does not compile also makes its submission invalid.
    const error = this.waiting.find(({ code }) => code === "wgsl") ?? this.waiting[0];
    this.waiting.length = 0;
    return error ?? null;
  }

  private refuse(label: string, error: GPUError): ImleError {
    // A buffer that has no memory makes the work on it invalid: the shortage is the cause, and has been reported.
    const cause = this.waiting.find(({ code }) => code === "limit");
    if (cause) return cause;
    const refusal = new ImleError(
      "buffer",
      `${label}: the driver must accept the submitted work, got ${error.message}`,
      "Check that no GPUBuffer in use was destroyed, mapped, or made on another device.",
    );
    this.waiting.push(refusal);
    return refusal;
  }

  private await(verdict: Promise<unknown>): void {
    const settled: Promise<void> = verdict.then(
      () => void this.verdicts.delete(settled),
      () => void this.verdicts.delete(settled), // a lost device: engine.lost tells
    );
    this.verdicts.add(settled);
  }
}
