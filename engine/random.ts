import { formatValue, must } from "./error.js";
import type { UniformNumber } from "./kernel.js";

/**
 * Philox takes a key of two words and a counter of four. In a step that is being recorded, seed and call are live: each
 * replay has those of its own calls.
 */
export interface RandomPlace {
  readonly seed: UniformNumber;
  readonly stream: number;
  readonly call: UniformNumber;
}

/** A draw of a captured step. */
export interface Draw {
  readonly stream: number;
  seed: number;
  call: number;
}

/** Where all streams stand: what a run must know to go on with the same random numbers. It is plain JSON. */
export interface RandomSnapshot {
  /** From 0 to 2³² − 1. */
  readonly seed: number;
  /** Calls made so far, by stream. */
  readonly calls: Readonly<Record<string, number>>;
}

const streamLimit = 1 << 16;

/**
 * Who draws which random numbers. Noise is a pure function of (seed, stream, call, sample, instance, index); a stream
 * belongs to one layer (0 is the engine's own), and its calls are counted here.
 */
export class RandomState {
  private seedWord = 0;
  private streams = 0;
  private readonly calls = new Map<number, number>();

  /** @param recorded the draws of the step that is being recorded, null where none is */
  constructor(private readonly recorded: () => Draw[] | null) {}

  /** Sets the seed and starts every stream at its first call again. */
  seed(value: number): void {
    must(
      Number.isInteger(value) && value >= 0 && value < 2 ** 32,
      "value",
      () => `seed: the seed must be a whole number from 0 to 2³² − 1, got ${formatValue(value)}`,
      "Pass such a number.",
    );
    this.seedWord = value;
    this.calls.clear();
  }

  snapshot(): RandomSnapshot {
    return { seed: this.seedWord, calls: Object.fromEntries(this.calls) };
  }

  /** @throws ImleError `value` where it is no snapshot; nothing has changed then */
  restore(snapshot: RandomSnapshot): void {
    const isWord = (value: unknown): boolean => typeof value === "number" && value >>> 0 === value;
    const calls = Object.entries((snapshot?.calls as unknown) ?? {});
    must(
      isWord(snapshot?.seed) &&
        typeof snapshot.calls === "object" &&
        calls.every(([stream, count]) => isWord(count) && /^\d+$/.test(stream) && Number(stream) < streamLimit),
      "value",
      () => `randomState: it must be { seed, calls }, as engine.randomState gives it, got ${formatValue(snapshot)}`,
      "Save engine.randomState with JSON.stringify, and parse it again.",
    );
    this.seedWord = snapshot.seed;
    this.calls.clear();
    for (const [stream, count] of calls) this.calls.set(Number(stream), count as number);
  }

  /** A stream that no layer has; with `wanted`, that one. */
  claimStream(operation: string, wanted?: number): number {
    if (wanted !== undefined) {
      requireStream(operation, wanted);
      this.streams = Math.max(this.streams, wanted);
      return wanted;
    }
    must(
      this.streams + 1 < streamLimit,
      "limit",
      () => `${operation}: an engine has 65,535 streams, got a request for one more`,
      "Make layers once and reuse them.",
    );
    return ++this.streams;
  }

  /** The place of a call of a stream, whichever calls there have been. */
  at(stream: number, call: number): RandomPlace {
    return { seed: this.recorded() ? () => this.seedWord : this.seedWord, stream, call };
  }

  /** The place of the next call of a stream. */
  next(stream: number): RandomPlace {
    const recorded = this.recorded();
    if (!recorded) return this.advance({ stream, seed: 0, call: 0 });
    const draw: Draw = { stream, seed: 0, call: 0 };
    recorded.push(draw);
    return { seed: () => draw.seed, stream, call: () => draw.call };
  }

  /** Gives a draw the next call of its stream. */
  advance(draw: Draw): Draw {
    const call = this.calls.get(draw.stream) ?? 0;
    this.calls.set(draw.stream, call + 1);
    draw.seed = this.seedWord;
    draw.call = call;
    return draw;
  }
}

/** @throws ImleError `value` unless a layer can have this stream */
export function requireStream(operation: string, stream: number): void {
  must(
    Number.isInteger(stream) && stream > 0 && stream < streamLimit,
    "value",
    () => `${operation}: stream must be a whole number from 1 to 65,535, got ${formatValue(stream)}`,
    "Leave it out to get a stream of its own.",
  );
}
