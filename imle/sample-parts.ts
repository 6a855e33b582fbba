import type { Engine } from "../engine/engine.js";
import type { Tensor } from "../engine/tensor.js";

/** Samples `first` … `first` + `count` − 1 of a call of `of`. */
export interface SamplePart {
  readonly first: number;
  readonly count: number;
  readonly of: number;
}

/** Elements of states that are kept at a time, 4 MiB of them: where there are more, samples come in parts. */
const mostElements = 2 ** 20;

/**
 * The samples of a call in parts, so that what is kept of a part does not grow with their number.
 *
 * @param elements what one sample of all instances needs
 */
export function sampleParts(samples: number, elements: number): SamplePart[] {
  const most = Math.max(1, Math.floor(mostElements / Math.max(elements, 1)));
  // Of one length, so that the buffers of a part are those of the one before.
  const length = Math.ceil(samples / Math.ceil(samples / most));
  return Array.from({ length: Math.ceil(samples / length) }, (_, i) => {
    const first = i * length;
    return { first, count: Math.min(length, samples - first), of: samples };
  });
}

/** Sums over parts, of which one at a time is in memory. */
export function sumOfParts<Sums extends readonly Tensor[]>(
  engine: Engine,
  parts: readonly SamplePart[],
  of: (part: SamplePart) => Sums,
): Sums {
  let sums: Sums | undefined;
  for (const part of parts) {
    const before: Sums | undefined = sums;
    sums = engine.scope(() => of(part).map((own, i) => (before ? own.add(before[i]!) : own)) as unknown as Sums);
    before?.forEach((tensor) => tensor.dispose());
  }
  return sums!;
}
