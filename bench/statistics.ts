/** Statistics of repeated measurements that make no assumption on their distribution. */

/** A sample's middle and how far it spreads. */
export interface Summary {
  readonly median: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
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

/** @param values  not empty */
export function summarise(values: readonly number[]): Summary {
  const sorted = ascending(values);
  const middle = quantile(sorted, 0.5);
  return { median: middle, spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / Math.abs(middle) };
}

export const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
