/** What {@link dijkstraGridCpu} returns: flat, row-major. */
export interface GridPath {
  /** 1 on the path, both ends counted, else 0. */
  readonly path: Int32Array;
  /** Distance of every cell from the start, its own cost counted; Infinity where there is no path. */
  readonly distances: Float32Array;
  /** Distance of the goal. */
  readonly cost: number;
  /** Steps of every cell's path from the start; −1 where there is none. */
  readonly hops: Int32Array;
}

/** Options of {@link dijkstraGridCpu}. */
export interface GridPathOptions {
  /** Cells that one step reaches. By default 8. */
  readonly neighbours?: 4 | 8;
  /** What a step across a corner costs: as much as one across an edge, or √2 times that. By default `same`. */
  readonly diagonalCost?: "same" | "euclidean";
  /** What becomes of costs below zero: 0, or all are lifted by as much as the least lies below 0. By default `clamp`. */
  readonly negative?: "clamp" | "shift";
  /** Whether the start's own cost counts. By default true. */
  readonly countStart?: boolean;
  /** Not 0 where a cell cannot be entered. */
  readonly obstacles?: ArrayLike<number>;
  /** [row, column]; by default [0, 0]. */
  readonly start?: readonly [number, number];
  /** [row, column]; by default [H − 1, W − 1]. */
  readonly goal?: readonly [number, number];
}

const { fround } = Math;
const largestCost = fround(1e31);
const squareRootOf2 = fround(Math.SQRT2);
const smallestNormal = 2 ** -126;

/**
 * Shortest path on a grid by Dijkstra's algorithm with a heap, in f32: the specification of the kernels in this folder.
 *
 * Cells leave the heap by (distance, hops, index), so the first neighbour through which a cell gets its distance is the
 * least of them, and its predecessor. Costs lie on cells: only a step across an edge, after one across a corner, can
 * better a distance.
 */
export function dijkstraGridCpu(
  weights: ArrayLike<number>,
  [height, width]: readonly [number, number],
  options: GridPathOptions = {},
): GridPath {
  const { neighbours = 8, diagonalCost = "same", negative = "clamp", countStart = true, obstacles } = options;
  const { start = [0, 0], goal = [height - 1, width - 1] } = options;
  const euclidean = diagonalCost === "euclidean";
  const size = height * width;
  const costs = costsOf(weights, size, negative);
  if (obstacles) costs.forEach((_, cell) => obstacles[cell] !== 0 && (costs[cell] = Infinity));
  const distances = new Float32Array(size).fill(Infinity);
  const hops = new Int32Array(size).fill(-1);
  const predecessor = new Int32Array(size).fill(-1);
  const [first, last] = [start[0] * width + start[1], goal[0] * width + goal[1]];

  const heap: number[] = [];
  const before = (a: number, b: number): boolean =>
    (distances[a]! - distances[b]! || hops[a]! - hops[b]! || a - b) < 0;
  if (costs[first] !== Infinity) {
    distances[first] = countStart ? costs[first]! : 0;
    hops[first] = 0;
    push(heap, first, before);
  }
  while (heap.length > 0) {
    const cell = pop(heap, before);
    const [row, column] = [Math.floor(cell / width), cell % width];
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
        const next = y * width + x;
        const across = y !== row && x !== column;
        const waits = distances[next] !== Infinity;
        if ((waits && (across || !euclidean)) || (across && neighbours === 4)) continue;
        const cost = euclidean && across ? fround(costs[next]! * squareRootOf2) : costs[next]!;
        const through = fround(cost + distances[cell]!);
        if (!(through < distances[next]!)) continue;
        distances[next] = through;
        hops[next] = hops[cell]! + 1;
        predecessor[next] = cell;
        push(heap, next, before, waits ? heap.indexOf(next) : heap.length);
      }
    }
  }

  const path = new Int32Array(size);
  if (hops[last]! >= 0) for (let cell = last; cell >= 0; cell = predecessor[cell]!) path[cell] = 1;
  return { path, distances, cost: distances[last]!, hops };
}

/** Costs as the solver takes them: at least 0 by the policy, normal f32, and at most 1e31, so that no sum overflows. */
function costsOf(weights: ArrayLike<number>, size: number, negative: "clamp" | "shift"): Float32Array {
  let lowest = 0;
  for (let i = 0; i < size; i++) lowest = Math.min(lowest, fround(weights[i]!));
  const lift = negative === "shift" ? lowest : 0;
  return Float32Array.from({ length: size }, (_, i) => {
    const cost = fround(fround(weights[i]!) - lift);
    return cost < smallestNormal ? 0 : Math.min(cost, largestCost);
  });
}

type Order = (a: number, b: number) => boolean;

/** Puts a cell in, or one that is at `place` and has become less in its right place. */
function push(heap: number[], cell: number, before: Order, place = heap.length): void {
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!before(cell, heap[parent]!)) break;
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = cell;
}

function pop(heap: number[], before: Order): number {
  const top = heap[0]!;
  const cell = heap.pop()!;
  if (heap.length === 0) return top;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, cell)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = cell;
  return top;
}
