/**
 * Top-k of one row in plain code: a mask with exactly k ones, ties to the lowest index, −0 as +0. The specification of
 * the kernels in this folder.
 */
export function topKCpu(weights: ArrayLike<number>, k: number): Int32Array {
  const order = Array.from({ length: weights.length }, (_, i) => i);
  order.sort((a, b) => weights[b]! - weights[a]! || a - b);
  const mask = new Int32Array(weights.length);
  for (const i of order.slice(0, k)) mask[i] = 1;
  return mask;
}
