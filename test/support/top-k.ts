/**
 * A mask of the k largest of a row, ties to the lowest index, by the runtime's own sort of numbers: quick for a million.
 */
export function maskBySorting(row: Float32Array, k: number): Float32Array<ArrayBuffer> {
  const mask = new Float32Array(row.length);
  if (k === 0) return mask;
  const threshold = row.slice().sort()[row.length - k]!;
  let ties = k;
  row.forEach((weight) => (ties -= Number(weight > threshold)));
  row.forEach((weight, i) => {
    const tied = weight === threshold && ties > 0;
    if (tied) ties--;
    mask[i] = Number(weight > threshold || tied);
  });
  return mask;
}

/** A result of each row of a batch, one after the other. */
export function byRow(weights: Float32Array, n: number, result: (row: Float32Array) => ArrayLike<number>): number[] {
  const rows = n === 0 ? 0 : weights.length / n;
  return Array.from({ length: rows }, (_, row) => Array.from(result(weights.subarray(row * n, (row + 1) * n)))).flat();
}
