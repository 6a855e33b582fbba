import type { BufferPool, Storage } from "./buffers.js";
import type { Commands, Slice } from "./commands.js";
import { type ImleError, must } from "./error.js";

/** What a kernel reported: the highest code, and the first instance that reported it. */
export interface StatusReport {
  readonly code: number;
  readonly instance: number;
}

const words = 256;
const instanceMask = 0xffffff;

/**
 * Words on the device in which kernels say that something went wrong: `code << 24 | (0xffffff − instance)`, combined
 * by maximum. They come along with every readback and are cleared once they have been seen.
 */
export class Status {
  private readonly describers: ((report: StatusReport) => ImleError)[] = [];
  private readonly reserved = new Map<object, number>();
  private storage: Storage | null = null;

  constructor(
    private readonly pool: BufferPool,
    private readonly commands: Commands,
  ) {}

  /** The index of the word of `key`; `describe` turns what is found there into an error. */
  reserve(key: object, describe: (report: StatusReport) => ImleError): number {
    const known = this.reserved.get(key);
    if (known !== undefined) return known;
    const word = this.describers.length;
    must(
      word < words,
      "limit",
      () => `status: an engine has ${words} status words, got a request for one more`,
      "Define a solver once and reuse it, or share its table of reports.",
    );
    this.reserved.set(key, word);
    this.describers.push(describe);
    return word;
  }

  /** The words, for a kernel that reports; null until the first reservation has been used. */
  slice(): Slice {
    if (!this.storage) {
      const storage = (this.storage = this.pool.acquire("status", 4 * words));
      this.commands.unrecorded(() => this.commands.clear({ storage, bytes: 4 * words }));
    }
    return { storage: this.storage, bytes: 4 * words };
  }

  get inUse(): boolean {
    return this.storage !== null;
  }

  /** The error that the words tell of, if any; they are then cleared. */
  take(bytes: ArrayBuffer): ImleError | null {
    const found = new Uint32Array(bytes);
    const index = found.findIndex((word) => word !== 0);
    if (index < 0) return null;
    this.commands.clear(this.slice());
    const word = found[index]!;
    return this.describers[index]!({ code: word >>> 24, instance: instanceMask - (word & instanceMask) });
  }

  dispose(): void {
    this.storage = null;
  }
}
