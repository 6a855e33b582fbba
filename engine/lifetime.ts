import { ImleError } from "./error.js";

/** Milliseconds by which the news of a lost device may come later than the failure that it caused. */
const lossGrace = 50;

/** Whether an engine can still be used; when it ends, by disposal or because the device is lost, who waits is told. */
export class Lifetime {
  /** Resolves with the reason when the device is lost; never rejects. */
  readonly lost: Promise<GPUDeviceLostInfo>;
  /** Once the engine can do no more: the error that every later call throws. */
  private ended: ImleError | null = null;
  /** What rejects the promises that wait for the device. */
  private readonly waiting = new Set<(error: ImleError) => void>();

  constructor(device: GPUDevice) {
    this.lost = device.lost.then((reason) => {
      this.end(lostError(reason));
      return reason;
    });
  }

  get hasEnded(): boolean {
    return this.ended !== null;
  }

  /** Ends it, also where the device had been lost before. Returns whether it was not disposed yet. */
  dispose(): boolean {
    if (this.ended?.code === "disposed") return false;
    const fix = "Dispose it last, or make a new one.";
    const error = new ImleError("disposed", "engine: the engine must be alive, got one that was disposed", fix);
    this.ended = null;
    this.end(error);
    return true;
  }

  /** Throws once the engine has ended. */
  check(operation: string): void {
    if (!this.ended) return;
    if (this.ended.code === "disposed") {
      throw new ImleError("disposed", this.ended.message.replace("engine:", `${operation}:`), this.ended.fix);
    }
    throw this.ended;
  }

  /**
   * The promise; but where the engine ends before, it rejects with that error, and so it does where that is why the
   * promise failed.
   */
  untilEnded<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.add(reject);
      const settled = (): boolean => this.waiting.delete(reject);
      promise.then(
        (value) => (settled(), resolve(value)),
        // A lost device may be told of a moment after what it made fail.
        (error: unknown) => setTimeout(() => (settled(), reject(this.ended ?? error)), lossGrace),
      );
    });
  }

  private end(error: ImleError): void {
    this.ended ??= error;
    for (const reject of this.waiting) reject(this.ended);
    this.waiting.clear();
  }
}

function lostError(reason: GPUDeviceLostInfo): ImleError {
  return new ImleError(
    "device-lost",
    `engine: the device must be alive, got lost (${reason.reason}): ${reason.message}`,
    "Make a new engine and restore its state from a checkpoint.",
  );
}
