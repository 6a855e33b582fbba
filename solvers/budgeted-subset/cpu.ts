/** At most k of a row, of the weights above 0 the largest, ties to the lowest index: the specification of the kernels. */
export function budgetedSubsetCpu(weights: ArrayLike<number>, k: number): Int32Array {
  const positive = Array.from({ length: weights.length }, (_, i) => i).filter((i) => weights[i]! > 0);
  positive.sort((a, b) => weights[b]! - weights[a]! || a - b);
  const mask = new Int32Array(weights.length);
  for (const i of positive.slice(0, k)) mask[i] = 1;
  return mask;
}
