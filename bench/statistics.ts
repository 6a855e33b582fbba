/** Statistics of repeated measurements that make no assumption on their distribution. */

/** A sample's middle and how far it spreads. */
export interface Summary {
  readonly median: number;
  /** The ends of the interval that holds the true median with 95 % confidence; null below six values. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
  readonly count: number;
}

/**
 * The value below which a share of the sample lies, interpolated between neighbours.
 * @param sorted  ascending, not empty
 */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

export function median(values: readonly number[]): number {
  return quantile(ascending(values), 0.5);
}

/**
 * How many values to leave out at each end, so that those left span the true median with 95 % confidence: of n values
 * the number below the median is binomial (n, 1/2), whatever they are drawn from. Null where even all do not.
 */
export function intervalRank(count: number): number | null {
  let probability = 2 ** -count;
  let tail = 0;
  let rank: number | null = null;
  for (let below = 0; 2 * below < count - 1; below++) {
    tail += probability;
    if (2 * tail > 0.05) break;
    rank = below;
    probability *= (count - below) / (below + 1);
  }
  return rank;
}

/** @param values  not empty */
export function summarise(values: readonly number[]): Summary {
  const sorted = ascending(values);
  const middle = quantile(sorted, 0.5);
  const rank = intervalRank(sorted.length);
  return {
    median: middle,
    interval: rank === null ? null : [sorted[rank]!, sorted[sorted.length - 1 - rank]!],
    spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / Math.abs(middle),
    count: sorted.length,
  };
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
