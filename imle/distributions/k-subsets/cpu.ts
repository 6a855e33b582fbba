import { philox4, uniformFrom } from "../../noise/philox.js";

/** What {@link kSubsetsCpu} works out for one row. */
export interface KSubsetsRow {
  /** ln Σ exp⟨z, θ⟩. */
  readonly logPartition: number;
  /** E z, one an item. */
  readonly marginals: Float64Array;
  /** Cov(z)·v */
  covariance(v: ArrayLike<number>): Float64Array;
  /** The state of a sample, by the random words of a place, and how far the nearest decision was from the other one. */
  sample(place: { seed: number; stream: number; call: number }, row: number, sample: number): SampledRow;
}

export interface SampledRow {
  readonly state: Float32Array;
  readonly margin: number;
}

/**
 * The twin of the kernels in this folder, in float64: the distribution p(z) ∝ exp⟨z, θ⟩ of subsets of k of n items, by
 * the weights of the subsets of the first i items (in the kernels' words, exp E(i, j), scaled by the largest weight).
 */
export function kSubsetsCpu(theta: ArrayLike<number>, k: number): KSubsetsRow {
  const n = theta.length;
  const shift = Math.max(...Array.from(theta));
  const odds = Array.from(theta, (x) => Math.exp(x - shift));
  // prefix[i][j]: the weight of all subsets of j of the items before i.
  const empty = (): number[] => [1, ...new Array<number>(k).fill(0)];
  const grown = (sums: readonly number[], x: number): number[] =>
    sums.map((sum, j) => sum + (j > 0 ? x * sums[j - 1]! : 0));
  const prefix = [empty()];
  for (const x of odds) prefix.push(grown(prefix.at(-1)!, x));
  const all = prefix[n]![k]!;
  const without = (skipped: readonly number[]): number[] =>
    odds.reduce((sums, x, i) => (skipped.includes(i) ? sums : grown(sums, x)), empty());
  const chance = (i: number, j: number): number => (j === 0 ? 0 : (odds[i]! * prefix[i]![j - 1]!) / prefix[i + 1]![j]!);
  const marginals = Float64Array.from(odds, (x, i) => (k === 0 ? 0 : (x * without([i])[k - 1]!) / all));
  return {
    logPartition: Math.log(all) + k * shift,
    marginals,
    covariance: (v) =>
      Float64Array.from({ length: n }, (_, i) => {
        let sum = 0;
        for (let other = 0; other < n; other++) {
          const both =
            other === i ? marginals[i]! : k < 2 ? 0 : (odds[i]! * odds[other]! * without([i, other])[k - 2]!) / all;
          sum += (both - marginals[i]! * marginals[other]!) * v[other]!;
        }
        return sum;
      }),
    sample: ({ seed, stream, call }, row, sample) => {
      const state = new Float32Array(n);
      let left = k;
      let margin = Infinity;
      for (let i = n - 1; i >= 0; i--) {
        const word = philox4([i >> 2, sample, row, call], [seed, stream])[i & 3]!;
        const p = chance(i, left);
        if (p > 0 && left <= i) margin = Math.min(margin, Math.abs(uniformFrom(word) - p));
        if (left === 0 || (left <= i && uniformFrom(word) >= p)) continue;
        state[i] = 1;
        left--;
      }
      return { state, margin };
    },
  };
}
