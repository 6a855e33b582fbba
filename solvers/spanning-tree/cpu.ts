/** Ends of an edge; two equal ends are no edge. */
export type Edge = readonly [number, number];

/**
 * The minimum or maximum spanning tree by Kruskal's algorithm (1956): edges in the order of weight (−0 as +0), then
 * index. Of a graph that is not connected a forest. The specification of the kernels.
 */
export function spanningTreeCpu(
  weights: ArrayLike<number>,
  edges: readonly Edge[],
  vertices: number,
  sense: "min" | "max" = "min",
): Int32Array {
  const sign = sense === "min" ? 1 : -1;
  const order = edges.map((_, edge) => edge);
  order.sort((a, b) => sign * (weights[a]! - weights[b]!) || a - b);
  const component = Array.from({ length: vertices }, (_, v) => v);
  const z = new Int32Array(weights.length);
  for (const edge of order) {
    const [a, b] = edges[edge]!.map((v) => component[v]!) as [number, number];
    if (a === b) continue;
    z[edge] = 1;
    component.forEach((c, v) => c === b && (component[v] = a));
  }
  return z;
}

/** The edges of the dense form: those above the diagonal of [n, n]. */
export function denseEdges(vertices: number): Edge[] {
  return Array.from({ length: vertices * vertices }, (_, edge): Edge => {
    const [row, column] = [Math.floor(edge / vertices), edge % vertices];
    return row < column ? [row, column] : [0, 0];
  });
}
