/**
 * Top-k of one row in plain code: a mask with exactly k ones, ties to the lowest index, −0 as +0, NaN after all numbers.
 * The specification of the kernels in this folder.
 */
export function topKCpu(weights: ArrayLike<number>, k: number, largest = true): Int32Array {
  const mask = new Int32Array(weights.length);
  for (const i of topKIndicesCpu(weights, k, largest)) mask[i] = 1;
  return mask;
}

/** The places of the k largest, or smallest, of a row, the best first, of equal ones the lowest place. */
export function topKIndicesCpu(weights: ArrayLike<number>, k: number, largest = true): number[] {
  const order = Array.from({ length: weights.length }, (_, i) => i);
  const sign = largest ? -1 : 1;
  return order.sort((a, b) => compare(sign * weights[a]!, sign * weights[b]!) || a - b).slice(0, k);
}

/** Below 0 where a goes before b, 0 where they are equal, as all NaN are. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}
