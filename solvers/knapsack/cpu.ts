const { fround } = Math;

/**
 * 0/1 knapsack by dynamic programming over capacities, in f32: the specification of the kernels. An item is taken only
 * where that is better than not to, so of equal choices the earlier items are taken.
 */
export function knapsackCpu(values: ArrayLike<number>, sizes: ArrayLike<number>, capacity: number): Int32Array {
  let best = new Float32Array(capacity + 1);
  const taken: boolean[][] = [];
  for (let item = 0; item < values.length; item++) {
    const size = sizes[item]!;
    const before = best;
    const withItem = (c: number): number => fround(before[c - size]! + fround(values[item]!));
    taken.push(Array.from(before, (without, c) => c >= size && withItem(c) > without));
    best = before.map((without, c) => (taken[item]![c] ? withItem(c) : without));
  }
  const z = new Int32Array(values.length);
  let left = capacity;
  for (let item = values.length - 1; item >= 0; item--) {
    if (!taken[item]![left]) continue;
    z[item] = 1;
    left -= sizes[item]!;
  }
  return z;
}
