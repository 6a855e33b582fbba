/** Ranks from 1, ties to the lower index (−0 as +0): the specification of the kernels. */
export function rankingCpu(weights: ArrayLike<number>, first: "smallest" | "largest" = "smallest"): Int32Array {
  const sign = first === "smallest" ? 1 : -1;
  const order = Array.from({ length: weights.length }, (_, i) => i);
  order.sort((a, b) => sign * (weights[a]! - weights[b]!) || a - b);
  const ranks = new Int32Array(weights.length);
  order.forEach((i, place) => (ranks[i] = place + 1));
  return ranks;
}
