const { fround } = Math;
const largestCost = fround(1e34);
const smallestNormal = 2 ** -126;

/** A graph whose edges are grouped by the vertex they leave: edges offsets[v] … offsets[v + 1] − 1 lead to targets. */
export interface Graph {
  /** One a vertex and one more: where its edges begin, the last one being their number. */
  readonly offsets: ArrayLike<number>;
  /** Of each edge the vertex that it leads to. */
  readonly targets: ArrayLike<number>;
}

/**
 * The shortest path between two vertices by its definition, in f32: distances to the goal as the limit from above of
 * min fl(cost + distance), then hops as the limit from above over the edges that reach it, then from the start on the
 * first edge that loses neither. All zeros where the goal cannot be reached. The specification of the kernels.
 */
export function shortestPathCpu(
  costs: ArrayLike<number>,
  { offsets, targets }: Graph,
  { start = 0, goal = offsets.length - 2 }: { start?: number; goal?: number } = {},
): { path: Int32Array; cost: number } {
  const vertices = offsets.length - 1;
  const cost = Array.from(costs, (given) => {
    const own = fround(given);
    return own < smallestNormal ? 0 : Math.min(own, largestCost);
  });
  const edgesOf = (v: number): number[] =>
    Array.from({ length: offsets[v + 1]! - offsets[v]! }, (_, place) => offsets[v]! + place);
  const settle = (lower: (v: number, values: readonly number[]) => number): number[] => {
    const values = Array.from({ length: vertices }, (_, v) => (v === goal ? 0 : Infinity));
    for (let changed = true; changed; ) {
      changed = false;
      for (let v = 0; v < vertices; v++) {
        const value = v === goal ? 0 : lower(v, values);
        if (value < values[v]!) [values[v], changed] = [value, true];
      }
    }
    return values;
  };
  const through = (edge: number, distances: readonly number[]): number => fround(cost[edge]! + distances[targets[edge]!]!);
  const distances = settle((v, values) => Math.min(...edgesOf(v).map((edge) => through(edge, values))));
  const tight = (v: number): number[] => edgesOf(v).filter((edge) => through(edge, distances) === distances[v]!);
  const hops = settle((v, values) => Math.min(...tight(v).map((edge) => values[targets[edge]!]! + 1)));

  const path = new Int32Array(costs.length);
  if (distances[start] === Infinity) return { path, cost: Infinity };
  for (let v = start; v !== goal; ) {
    const edge = tight(v).find((one) => hops[targets[one]!]! + 1 === hops[v])!;
    path[edge] = 1;
    v = targets[edge]!;
  }
  return { path, cost: distances[start]! };
}
