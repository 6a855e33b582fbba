/** The largest of the weights, the first of equals (−0 as +0): a mask with one 1. The specification of the kernels. */
export function categoricalCpu(weights: ArrayLike<number>): Int32Array {
  let best = 0;
  for (let i = 1; i < weights.length; i++) if (weights[i]! > weights[best]!) best = i;
  return Int32Array.from({ length: weights.length }, (_, i) => Number(i === best));
}
