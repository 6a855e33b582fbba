const { fround } = Math;

/**
 * The best sequence of states of a chain, in f32 like the kernels, whose specification it is; ties go to the lowest
 * state, from the last position back.
 *
 * @param shape [edges, K, K] with transitions of their own for each step, or [T + K, K] with shared ones
 */
export function viterbiCpu(weights: ArrayLike<number>, shape: readonly number[]): Int32Array {
  const states = shape.at(-1)!;
  const shared = shape.length === 2;
  const length = shared ? shape[0]! - states : shape[0]! + 1;
  const nodeIndex = (t: number, j: number): number => t * states + j;
  const edgeIndex = (t: number, i: number, j: number): number => ((shared ? length : t * states) + i) * states + j;
  const node = (t: number, j: number): number => (shared ? fround(weights[nodeIndex(t, j)]!) : 0);

  let best = Array.from({ length: states }, (_, j) => node(0, j));
  const predecessors: number[][] = [];
  for (let t = 1; t < length; t++) {
    const from = new Array<number>(states).fill(0);
    const before = best;
    best = best.map((_, j) => {
      const through = (i: number): number => fround(before[i]! + fround(weights[edgeIndex(t - 1, i, j)]!));
      for (let i = 1; i < states; i++) if (through(i) > through(from[j]!)) from[j] = i;
      return fround(through(from[j]!) + node(t, j));
    });
    predecessors.push(from);
  }

  const z = new Int32Array(weights.length);
  let state = best.reduce((most, value, j) => (value > best[most]! ? j : most), 0);
  for (let t = length - 1; t >= 0; t--) {
    if (shared) z[nodeIndex(t, state)] = 1;
    if (t === 0) break;
    const from = predecessors[t - 1]![state]!;
    z[edgeIndex(t - 1, from, state)]! += 1;
    state = from;
  }
  return z;
}
