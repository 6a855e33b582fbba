const { fround } = Math;

/**
 * Linear assignment by shortest augmenting paths with potentials, in f32 like the kernels, whose specification it is:
 * every row of an [N, M] table, N ≤ M, has a column of its own. Of equal distances the lowest column is visited.
 */
export function assignmentCpu(
  weights: ArrayLike<number>,
  [rows, columns]: readonly number[],
  sense: "max" | "min" = "max",
): Int32Array {
  const [height, width] = [rows!, columns!];
  const sign = sense === "min" ? 1 : -1;
  const u = new Float32Array(height);
  const v = new Float32Array(width);
  const rowOf = new Int32Array(width).fill(-1);
  const columnOf = new Int32Array(height).fill(-1);
  for (let first = 0; first < height; first++) {
    const distances = new Float32Array(width).fill(3e38);
    const before = new Int32Array(width).fill(-1);
    const visited = new Set<number>();
    let [row, least, sink] = [first, 0, -1];
    while (sink < 0) {
      let nearest = -1;
      for (let column = 0; column < width; column++) {
        if (visited.has(column)) continue;
        const cost = sign * fround(weights[row * width + column]!);
        const through = fround(fround(fround(least + cost) - u[row]!) - v[column]!);
        if (through < distances[column]!) [distances[column], before[column]] = [through, row];
        if (nearest < 0 || distances[column]! < distances[nearest]!) nearest = column;
      }
      least = distances[nearest]!;
      visited.add(nearest);
      row = rowOf[nearest]!;
      if (row < 0) sink = nearest;
    }
    for (const column of visited) {
      const gain = fround(least - distances[column]!);
      v[column] = v[column]! - gain;
      if (rowOf[column]! >= 0) u[rowOf[column]!] = u[rowOf[column]!]! + gain;
    }
    u[first] = u[first]! + least;
    for (let column = sink; ; ) {
      const own = before[column]!;
      const next = columnOf[own]!;
      [rowOf[column], columnOf[own]] = [own, column];
      if (own === first) break;
      column = next;
    }
  }
  const z = new Int32Array(height * width);
  columnOf.forEach((column, row) => (z[row * width + column] = 1));
  return z;
}
