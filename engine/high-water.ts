/** An allocation that the driver has not answered for, and from where to where it is part of the sums. */
interface Pending {
  readonly bytes: number;
  readonly spans: { readonly from: number; to: number }[];
}

/**
 * The largest sum of bytes so far that the driver had. What it refuses is told later, when other sums have been reached
 * with it: it is then taken out of them.
 */
export class HighWater {
  /** The largest sums between changes in what is pending; one alone while nothing is. */
  private sums = [0];
  private readonly pending = new Map<GPUBuffer, Pending>();

  /** Bytes; those of allocations without an answer count as had. */
  get most(): number {
    return this.sums.reduce((most, sum) => Math.max(most, sum));
  }

  reach(sum: number): void {
    const last = this.sums.length - 1;
    this.sums[last] = Math.max(this.sums[last]!, sum);
  }

  /** Forgets what has been reached before. */
  reset(sum: number): void {
    this.sums.fill(0);
    this.reach(sum);
  }

  /** @param verdict  of the driver: null where it has the memory */
  allocate(buffer: GPUBuffer, bytes: number, verdict: Promise<GPUError | null>): void {
    this.pending.set(buffer, { bytes, spans: [] });
    this.enter(buffer);
    // Of a lost device engine.lost tells.
    void verdict.catch(() => null).then((error) => this.answer(buffer, error !== null));
  }

  /** From now on the buffer is part of the sums. */
  enter(buffer: GPUBuffer): void {
    const spans = this.pending.get(buffer)?.spans;
    if (spans === undefined || spans.at(-1)?.to === Infinity) return;
    spans.push({ from: this.sums.push(0) - 1, to: Infinity });
  }

  /** From now on it is no part of them. */
  leave(buffer: GPUBuffer): void {
    const span = this.pending.get(buffer)?.spans.at(-1);
    if (span?.to === Infinity) span.to = this.sums.push(0) - 1;
  }

  private answer(buffer: GPUBuffer, isRefused: boolean): void {
    const { bytes, spans } = this.pending.get(buffer)!;
    for (const { from, to } of isRefused ? spans : []) {
      for (let i = from; i < Math.min(to, this.sums.length); i++) this.sums[i]! -= bytes;
    }
    this.pending.delete(buffer);
    if (this.pending.size === 0) this.sums = [this.most];
  }
}
