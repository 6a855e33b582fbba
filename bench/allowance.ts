/** Shares out the time of a whole run: what it cannot pay for is left out, the last cases of each benchmark first. */

/** Milliseconds that a case is taken for until one has been timed. */
const firstGuess = 1500;

export interface Place {
  /** Cases from this one on, of all benchmarks. */
  readonly remaining: number;
  /** Cases of its benchmark before this one. */
  readonly rank: number;
  /** Cases of its benchmark. */
  readonly cases: number;
  /** Stays as long as there is any time. */
  readonly headline: boolean;
}

export class Allowance {
  private readonly end: number;
  private spent = 0;
  private timed = 0;

  /**
   * @param milliseconds  of the whole run
   * @param now  a clock in milliseconds
   */
  constructor(
    milliseconds: number,
    private readonly now: () => number,
  ) {
    this.end = now() + milliseconds;
  }

  /** Tells what a case took. */
  took(milliseconds: number): void {
    this.spent += milliseconds;
    this.timed++;
  }

  /**
   * Whether there is time for a case. Where there is for a share of all that remain, each benchmark keeps that share of
   * its own, from the first on, and one at least; and its headlines.
   */
  allows({ remaining, rank, cases, headline }: Place): boolean {
    const left = this.end - this.now();
    if (left <= 0 || headline) return left > 0;
    const each = this.timed === 0 ? firstGuess : this.spent / this.timed;
    const share = left / each / remaining;
    return rank < Math.max(1, Math.round(share * cases));
  }
}
