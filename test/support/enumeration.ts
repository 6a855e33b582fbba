/** Distributions over lists of states in float64: sums over all states, as the definition says. */

/** All masks of k of n, by counting through all masks. */
export function allSubsets(n: number, k: number): number[][] {
  return Array.from({ length: 2 ** n }, (_, bits) => Array.from({ length: n }, (_, i) => Math.floor(bits / 2 ** i) % 2))
    .filter((state) => state.reduce((sum, one) => sum + one, 0) === k);
}

/** ⟨a, b⟩ */
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** p(z) ∝ exp⟨z, θ⟩ */
export interface Enumeration {
  readonly logPartition: number;
  readonly probabilities: number[];
  readonly marginals: number[];
}

export function enumerate(states: readonly (readonly number[])[], theta: ArrayLike<number>): Enumeration {
  const scores = states.map((state) => dot(state, theta));
  const highest = Math.max(...scores);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
  const probabilities = scores.map((score) => Math.exp(score - highest) / total);
  return { logPartition: highest + Math.log(total), probabilities, marginals: meanState(states, probabilities) };
}

/** Σ p z */
export function meanState(states: readonly (readonly number[])[], probabilities: readonly number[]): number[] {
  return states[0]!.map((_, i) => states.reduce((sum, state, s) => sum + probabilities[s]! * state[i]!, 0));
}

/** Central differences of f at x. */
export function differences(f: (x: number[]) => number, x: ArrayLike<number>, step = 1e-4): number[] {
  const moved = (i: number, by: number): number => f(Array.from(x, (value, j) => (j === i ? value + by : value)));
  return Array.from(x, (_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
}

/**
 * How the k largest of θ + Gumbel noise are distributed, exactly: one after the other, each with odds exp θ (Plackett
 * 1975, Luce 1959). The mean state.
 */
export function plackettLuceMarginals(theta: readonly number[], k: number): number[] {
  const marginals = theta.map(() => 0);
  const odds = theta.map(Math.exp);
  const draw = (chosen: readonly number[], probability: number): void => {
    if (chosen.length === k) {
      for (const i of chosen) marginals[i]! += probability;
      return;
    }
    const left = odds.reduce((sum, x, i) => sum + (chosen.includes(i) ? 0 : x), 0);
    odds.forEach((x, i) => {
      if (!chosen.includes(i)) draw([...chosen, i], (probability * x) / left);
    });
  };
  draw([], 1);
  return marginals;
}
